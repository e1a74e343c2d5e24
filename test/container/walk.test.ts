import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { SectionStart } from '../../src/container/events.ts';
import { entry, faultsOf, fileOf, lines, pipeOf, walked, type Kept } from './walked.ts';

interface Piece {
  readonly omitted?: number;
  readonly kind: string;
  readonly offset: number;
  readonly length: number;
  readonly id?: number;
  readonly bodyLength?: number;
  readonly bodyOffset?: number;
  readonly footer?: boolean;
  readonly ram?: Readonly<Record<string, number>>;
  readonly blocks?: readonly Readonly<Record<string, string | number>>[];
  readonly vfio?: readonly Readonly<Record<string, string | number>>[];
  readonly [key: string]: unknown;
}

interface Expected {
  readonly file: string;
  readonly stream_offset?: number;
  /** What an independent walker made of the stream. */
  readonly pieces?: readonly Piece[];
  /** What the capture's index says of its VFIO sections. */
  readonly vfio?: readonly {
    readonly kind: string;
    readonly offset: number;
    readonly end: number;
    readonly id: number;
    readonly idstr: string;
    readonly records: readonly { readonly name: string; readonly offset: number }[];
  }[];
}

const number = (value: bigint): number => Number(value);

/** The events of a walk in the words of the expected pieces. */
const piecesOf = (events: readonly Kept[]): readonly Piece[] => {
  const pieces: Record<string, unknown>[] = [];
  const open = (): Record<string, unknown> => pieces.at(-1)!;
  for (const event of events) {
    switch (event.kind) {
      case 'header':
      case 'eof':
        pieces.push({ kind: event.kind, offset: event.offset, length: event.length });
        break;
      case 'vmdesc':
        pieces.push({ kind: 'vmdescription', offset: event.offset, length: event.length });
        break;
      case 'configuration': {
        const { kind, offset, length, machine } = event;
        pieces.push({ kind, offset, length, machine });
        break;
      }
      case 'command':
        pieces.push({
          kind: 'command',
          offset: event.offset,
          length: event.length,
          command: event.command,
        });
        break;
      case 'section': {
        const { type, offset, id, idstr, instance, version, bodyOffset } = event.section;
        pieces.push({ kind: type, offset, id, idstr, instance, version, bodyOffset });
        break;
      }
      case 'section-end': {
        const { section, offset, bodyLength, footer, ram } = event;
        const piece = open();
        Object.assign(piece, {
          length: offset - section.offset,
          bodyLength,
          footer: footer === 'present',
          ...(ram === undefined ? {} : { ram: sorted(ram) }),
        });
        break;
      }
      case 'ram-block': {
        const { name, usedLength, address, mapped } = event;
        const list = (open().blocks ??= []) as unknown[];
        list.push({
          name,
          usedLength: number(usedLength),
          ...(address === undefined ? {} : { address: number(address) }),
          ...(mapped === undefined
            ? {}
            : {
                bitmapOffset: number(mapped.bitmapOffset),
                pagesOffset: number(mapped.pagesOffset),
              }),
        });
        break;
      }
      case 'vfio-record': {
        const list = (open().vfio ??= []) as unknown[];
        const { name, offset, dataLength } = event;
        list.push({
          name,
          offset,
          ...(dataLength === undefined ? {} : { data: number(dataLength) }),
        });
        break;
      }
      case 'device-config': {
        const list = open().vfio as Record<string, unknown>[];
        list.at(-1)!.config = event.length;
        break;
      }
      default:
        break;
    }
  }
  return pieces as unknown as readonly Piece[];
};

const sorted = (ram: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(ram).sort(([a], [b]) => (a < b ? -1 : 1)));

const expected = lines('expected.jsonl') as readonly Expected[];

describe.each(expected.map((one) => [one.file, one] as const))('%s', (file, one) => {
  const bytes = entry(file);
  const start = one.stream_offset ?? 0;
  const stream = bytes.subarray(start);
  const whole = walked(stream, fileOf(bytes, { start }), (left) => left);

  it('walks without a fault', () => {
    assert.deepEqual(faultsOf(whole), []);
  });

  it('has the sections, records and blocks that an independent walker found', () => {
    const { pieces } = one;
    if (pieces === undefined) return;
    const got = piecesOf(whole.events);
    let at = 0;
    for (const piece of pieces) {
      if (piece.omitted !== undefined) at += piece.omitted;
      else {
        assert.deepEqual(got[at], piece);
        at += 1;
      }
    }
    assert.equal(got.length, at);
  });

  it('has the VFIO sections that the index of the capture lists', () => {
    const sections = whole.events.filter(
      (event): event is SectionStart =>
        event.kind === 'section' && event.section.grammar === 'vfio',
    );
    for (const wanted of one.vfio ?? []) {
      const section = sections.find(({ offset }) => offset === wanted.offset)?.section;
      assert.deepEqual(
        { kind: section?.type, id: section?.id, idstr: section?.idstr },
        { kind: wanted.kind, id: wanted.id, idstr: wanted.idstr },
      );
      const records = whole.events.flatMap((event) =>
        event.kind === 'vfio-record' && event.section === section
          ? [{ name: event.name, offset: event.offset }]
          : [],
      );
      assert.deepEqual(records, wanted.records);
    }
  });

  it.each([1 << 16, 4093])('gives the same from a pipe in blocks of %i', (block) => {
    const pipe = walked(stream, pipeOf(bytes, { start }), () => block);
    assert.deepEqual(pipe.events, whole.events);
    assert.deepEqual(pipe.devices, whole.devices);
  });

  it('gives the same in the smallest pieces that its size allows', () => {
    const piece = stream.length < 150_000 ? 1 : 61;
    const slow = walked(stream, fileOf(bytes, { start }), () => piece);
    assert.deepEqual(slow.events, whole.events);
    assert.deepEqual(slow.devices, whole.devices);
  });
});

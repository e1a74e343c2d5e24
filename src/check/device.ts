import { createHash, type Hash } from 'node:crypto';
import type { Range } from '../bytes/range.ts';
import { Decoder } from '../layout/decode.ts';
import type { Budgets } from '../layout/leaf-reader.ts';
import { controlOf, pathOf, type Node } from '../layout/node.ts';
import { rawOf, valueText } from '../layout/show.ts';
import type { Location } from '../finding/finding.ts';
import { layoutOf, telling, type Format, type Likeness } from '../formats/format.ts';
import { formats as builtins } from '../formats/index.ts';
import { analyse, opaque, type OpaqueSummary } from '../formats/opaque.ts';
import type { OpaqueAnalysis } from '../formats/opaque-analysis.ts';
import type { StateBegin, StateEnd, Unit } from '../rules/rule.ts';

/** A state this small is kept, so that the device's PCI id can still say what it is. */
const KEPT = 1 << 16;
const nothing = new Uint8Array(0);

export interface StateSink {
  /** The format is known, and will not be reconsidered. */
  readonly begin?: (state: StateBegin) => void;
  readonly unit: (unit: Unit) => void;
  readonly state: (state: StateEnd) => void;
}

export interface StateOptions {
  /** Name of the device in its container; empty for a bare state. */
  readonly name: string;
  /** The format that the user named; otherwise the bytes say. */
  readonly format?: Format | undefined;
  /** Formats that bytes and PCI ids may tell; the built-in ones where none are given. */
  readonly formats?: readonly Format[] | undefined;
  /** Bytes of the state, where known before they come. */
  readonly size?: number | undefined;
  /** Whether the result tells the SHA-256 of the state. */
  readonly digest?: boolean | undefined;
  readonly budgets?: Partial<Budgets> | undefined;
  /** Whether a state that no format explains is described from outside; it is where this is left out. */
  readonly analyse?: boolean | undefined;
  /** Whether a record is given to the rules when only its payload is to come. */
  readonly early?: boolean | undefined;
}

/** What is known of one device's state when it has ended. */
export interface DeviceResult {
  readonly name: string;
  readonly format: string;
  readonly identified: StateEnd['identified'];
  readonly bytes: number;
  readonly units: number;
  /** Only the beginning of the state is in this input. */
  readonly partial?: true;
  readonly pci?: string;
  readonly opaque?: OpaqueSummary;
  readonly sha256?: string;
}

interface Piece {
  readonly offset: number;
  readonly packed: true | undefined;
  readonly bytes: Uint8Array;
}

/**
 * The state of one device while its bytes arrive: finds out which format it has, decodes it, and
 * hands on each unit with its places in the user's file.
 */
export class DeviceState {
  readonly #options: StateOptions;
  readonly #formats: readonly Format[];
  readonly #sink: StateSink;
  #held: Piece[] = [];
  #bytes = 0;
  #format: Format | undefined;
  #identified: StateEnd['identified'] = 'unknown';
  #decoder: Decoder | undefined;
  #analyser: OpaqueAnalysis | undefined;
  readonly #digest: Hash | undefined;
  #pci: string | undefined;
  /** Where the state began, or would have. */
  #start = 0;

  constructor(options: StateOptions, sink: StateSink) {
    this.#options = options;
    this.#formats = options.formats ?? builtins;
    this.#sink = sink;
    this.#digest = options.digest === true ? createHash('sha256') : undefined;
    const { format } = options;
    if (format !== undefined && format.forms === undefined) this.#open(format, 'given', nothing);
  }

  /** Says where the state stands in the file, for what concerns a state without bytes. */
  startAt(offset: number): void {
    this.#start = offset;
  }

  /** The container's word on which device this is: `15b3:101e`. */
  pciId(id: string): void {
    this.#pci ??= id;
  }

  /** `packed`: the file holds these bytes as base64. */
  push(bytes: Uint8Array, offset: number, packed?: true): void {
    if (bytes.length === 0) return;
    if (this.#bytes === 0) this.#start = offset;
    this.#bytes += bytes.length;
    this.#digest?.update(bytes);
    if (this.#decoder === undefined && this.#bytes >= telling) {
      this.#identify([...this.#held, { bytes, offset, packed }], this.#options.size);
    }
    // Until here a state that nothing recognised could still be told by its PCI id.
    const settles = this.#identified === 'unknown' && this.#bytes > KEPT;
    if (this.#decoder !== undefined && settles && this.#bytes - bytes.length <= KEPT) this.#began();
    this.#decoder?.push(bytes, offset, packed);
    if (this.#format === undefined || this.#format === opaque) this.#hold(bytes, offset, packed);
  }

  /**
   * Offset in the file of the first byte that no rule has seen yet; Infinity when there is none.
   * Nothing is settled of a bare state that no format recognised: that it will be refused is said at
   * its end.
   */
  get settled(): number {
    if (this.#bytes === 0) return Infinity;
    const decoder = this.#decoder;
    if (decoder === undefined) return this.#start;
    if (this.#format === opaque) {
      if (this.#identified === 'given') return Infinity;
      // A small state may still be told by the PCI id that comes behind it.
      return this.#options.name === '' || this.#bytes <= KEPT ? this.#start : Infinity;
    }
    if (decoder.settled >= this.#bytes) return Infinity;
    return decoder.extents.locate(decoder.settled) ?? this.#start;
  }

  /** Ends the state; `beginning` when the container says that the rest travels elsewhere. */
  end(part: 'whole' | 'beginning' = 'whole'): DeviceResult {
    if (this.#decoder === undefined) this.#identify(this.#held, this.#bytes);
    this.#reconsider();
    const decoder = this.#decoder;
    decoder?.end(part);
    const format = this.#format ?? opaque;
    const summary = this.#analyser?.result();
    const result: DeviceResult = {
      name: this.#options.name,
      format: format.id,
      identified: this.#identified,
      bytes: this.#bytes,
      units: decoder?.units ?? 0,
      ...(part === 'whole' ? {} : { partial: true }),
      ...(this.#pci === undefined ? {} : { pci: this.#pci }),
      ...(summary === undefined ? {} : { opaque: summary }),
      ...(this.#digest === undefined ? {} : { sha256: this.#digest.digest('hex') }),
    };
    this.#sink.state({
      format: format.id,
      device: this.#options.name,
      bytes: this.#bytes,
      units: result.units,
      partial: part === 'beginning',
      identified: this.#identified,
      drivers: format.drivers,
      mayBeEmpty: format.mayBeEmpty === true,
      pciFormats: this.#formatsOfPciId().map(({ id }) => id),
      ...(this.#pci === undefined ? {} : { pci: this.#pci }),
      ...(summary === undefined ? {} : { opaque: summary }),
      locate: (where, note) => this.#placeOf(where, note),
    });
    return result;
  }

  /** Keeps small states that are not told yet; forgets the rest. */
  #hold(bytes: Uint8Array, offset: number, packed: true | undefined): void {
    if (this.#bytes <= KEPT) this.#held.push({ offset, packed, bytes: new Uint8Array(bytes) });
    else this.#held = [];
  }

  #identify(pieces: readonly Piece[], size: number | undefined): void {
    const head = joined(pieces, telling);
    const { format: named } = this.#options;
    const [format, likeness] =
      named === undefined
        ? (recognise(this.#formats, head, size) ?? [opaque, 'unknown' as const])
        : [named, 'given' as const];
    this.#open(format, likeness, head);
  }

  /** A small state that nothing recognised is what its device's driver writes, damaged or unmarked. */
  #reconsider(): void {
    if (this.#identified !== 'unknown' || this.#format !== opaque) return;
    if (this.#bytes === 0 || this.#bytes > KEPT) return;
    const [format] = this.#formatsOfPciId().filter(
      ({ marked, featureless }) => marked || featureless === true,
    );
    if (format !== undefined) this.#open(format, 'by-pci-id', joined(this.#held, telling));
  }

  #open(format: Format, identified: StateEnd['identified'], head: Uint8Array): void {
    this.#format = format;
    this.#identified = identified;
    const analyser = format === opaque && this.#options.analyse !== false ? analyse() : undefined;
    this.#analyser = analyser;
    const unitOf = (root: Node): Unit => ({
      root,
      format: format.id,
      device: this.#options.name,
      locate: (field, note) => locate(decoder, field, note),
    });
    const decoder = new Decoder(
      layoutOf(format, head),
      {
        unit: (root) => {
          this.#sink.unit(unitOf(root));
        },
        again: (root) => {
          this.#sink.unit({ ...unitOf(root), again: true });
        },
        payload: (_leaf, piece) => {
          analyser?.add(piece);
        },
      },
      this.#options.budgets,
      this.#options.early,
    );
    this.#decoder = decoder;
    if (identified !== 'unknown') this.#began();
    for (const { bytes, offset, packed } of this.#held) decoder.push(bytes, offset, packed);
  }

  #began(): void {
    this.#sink.begin?.({
      format: this.#format?.id ?? opaque.id,
      device: this.#options.name,
      locate: (where, note) => this.#placeOf(where, note),
    });
  }

  #formatsOfPciId(): readonly Format[] {
    const id = this.#pci;
    return id === undefined ? [] : this.#formats.filter(({ pci }) => pci.includes(id));
  }

  #placeOf(where: 'start' | 'end' | number, note: string | undefined): Location {
    const extents = this.#decoder?.extents;
    const at = where === 'start' ? 0 : where === 'end' ? this.#bytes : where;
    const offset = where === 'start' ? this.#start : (extents?.locate(at) ?? this.#start);
    return {
      path: '',
      ranges: [{ offset, length: 0 }],
      bytes: new Uint8Array(0),
      ...(note === undefined ? {} : { note }),
    };
  }
}

const rank: readonly (Likeness | undefined)[] = ['certain', 'likely', 'damaged'];

/** The format that the first bytes speak for, and how loudly. */
const recognise = (
  formats: readonly Format[],
  head: Uint8Array,
  size: number | undefined,
): readonly [Format, Likeness] | undefined => {
  let best: readonly [Format, Likeness] | undefined;
  for (const format of formats) {
    const likeness = format.recognise(head, size);
    if (likeness === undefined) continue;
    if (best === undefined || rank.indexOf(likeness) < rank.indexOf(best[1])) {
      best = [format, likeness];
    }
  }
  return best;
};

/** How many bytes of a value a location shows. */
const SHOWN = 32;

const locate = (decoder: Decoder, field: Node, note: string | undefined): Location => {
  const ranges: readonly Range[] = decoder.extents.ranges(field.start, field.length);
  const value = valueText(field);
  return {
    path: pathOf(field),
    ranges: ranges.length > 0 ? ranges : [{ offset: field.start, length: field.length }],
    bytes: rawOf(field).subarray(0, SHOWN),
    control: controlOf(field),
    ...(value === undefined ? {} : { value }),
    ...(note === undefined ? {} : { note }),
  };
};

const joined = (pieces: readonly Piece[], most: number): Uint8Array => {
  const all = new Uint8Array(most);
  let at = 0;
  for (const { bytes } of pieces) {
    const piece = bytes.subarray(0, most - at);
    all.set(piece, at);
    at += piece.length;
    if (at === most) break;
  }
  return all.subarray(0, at);
};

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { detectContainer } from '../../src/container/detect.ts';
import { qemuWalker } from '../../src/container/qemu/walker.ts';
import { qemuBlocks, writeQemu, type Piece } from '../../src/container/qemu/write.ts';
import { parts, stream } from '../../src/rules/container-examples.ts';
import { qemuStreams } from '../corpus/qemu.ts';
import { corpus, entry, faultsOf, fileOf, pipeOf, walked } from './walked.ts';

describe('the writer', () => {
  it('built every stream of the corpus that its table has', () => {
    for (const [file, bytes] of Object.entries(qemuStreams)) {
      const stored = readFileSync(path.join(corpus, file));
      assert.ok(stored.equals(bytes), `${file} is not what its table builds`);
    }
  });

  it('derives what is left out, so that a walk finds no fault', () => {
    const bytes = writeQemu(stream());
    const { events, devices } = walked(bytes, fileOf(bytes), (left) => left);
    assert.deepEqual(faultsOf({ events, devices }), []);
    const sized = events.flatMap((event) =>
      event.kind === 'section-end' && event.section.grammar === 'device' ? [event.sizedBy] : [],
    );
    assert.deepEqual(sized, ['vmdesc']);
    assert.equal(devices.get(0)?.length, 60);
  });

  it('gives a stream larger than a block piece by piece', () => {
    const pages = 2000;
    const body = function* (): Generator<Piece> {
      yield { ram: 'PAGE', block: 'pc.ram' };
      for (let page = 1; page < pages; page += 1) yield { ram: 'PAGE', offset: page * 4096 };
      yield { ram: 'EOS' };
    };
    const blocks = qemuBlocks([
      ...parts.header,
      ...parts.configuration,
      {
        item: 'start',
        idstr: 'ram',
        body: [
          { ram: 'MEM_SIZE', blocks: [{ name: 'pc.ram', usedLength: BigInt(pages * 4096) }] },
          { ram: 'EOS' },
        ],
      },
      { item: 'part', idstr: 'ram', body: body() },
      { item: 'eof' },
    ]);
    let largest = 0;
    let counted = 0;
    const walker = qemuWalker((event) => {
      assert.notEqual(event.kind, 'fault');
      if (event.kind === 'section-end') counted += event.ram?.PAGE ?? 0;
    });
    for (const block of blocks) {
      largest = Math.max(largest, block.length);
      walker.push(block);
    }
    walker.end();
    assert.equal(counted, pages);
    assert.ok(largest < 1 << 20);
  });
});

describe('the container', () => {
  it.each([
    ['pc-mtty1.bin', 'qemu'],
    ['magic-damaged.bin', 'qemu'],
    ['version-2.bin', 'qemu'],
    ['sound-behind-a-hole.bin', 'qemu'],
    ['libvirt12.8-zstd.save', 'libvirt-save'],
    ['libvirt-part.bin', 'libvirt-save'],
    ['libvirt-magic-damaged.bin', 'libvirt-save'],
    ['live-multifd2-vfioon-mtty2.ch1.bin', 'multifd-channel'],
    ['channel-version-2.bin', 'multifd-channel'],
  ])('of %s is told by content: %s', (file, container) => {
    assert.equal(detectContainer(entry(file).subarray(0, 1 << 16)), container);
  });

  it('is a device state where nothing else fits', () => {
    assert.equal(detectContainer(new Uint8Array(0)), 'device-state');
    assert.equal(detectContainer(new Uint8Array(4096)), 'device-state');
    assert.equal(detectContainer(new TextEncoder().encode('QEV')), 'device-state');
  });

  it('says that the payload of a save image is packed, to who only walks it', () => {
    const bytes = entry('libvirt12.8-zstd.save');
    const { events } = walked(bytes, pipeOf(bytes), () => 999);
    const note = events.find(({ kind }) => kind === 'note');
    assert.ok(note?.kind === 'note');
    assert.match(note.text, /payload is zstd-compressed/u);
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'vitest';
import type { Format } from '../../src/formats/format.ts';
import { formatById } from '../../src/formats/index.ts';
import { build } from '../../src/layout/build.ts';
import { decode } from '../../src/layout/decode.ts';
import { encode } from '../../src/layout/encode.ts';
import { child, pathOf, walk, type Node } from '../../src/layout/node.ts';
import { judge, recognised, ruleIds } from './judge.ts';

/** Non-zero runs of an image by their offset; everything else is zero. */
const image = (length: number, runs: Readonly<Record<string, string>>): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (const [offset, digits] of Object.entries(runs)) {
    bytes.set(Buffer.from(digits.replaceAll(' ', ''), 'hex'), Number(offset));
  }
  return bytes;
};

interface Vector {
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly sha256?: string;
  /** Values by their path, in the first unit that has it. */
  readonly values: Readonly<Record<string, bigint>>;
  /** Nothing in the bytes says what they are. */
  readonly unmarked?: true;
}

const pciNvme = '584e0100';

/** Worked examples, written down byte by byte and not built by what is tested here. */
const vectors: Readonly<Record<string, Vector>> = {
  'xe: two GTs': {
    format: 'xe',
    sha256: '3ff529bef8b7c85f661216e20f60316484ce39287b42d8f57ed4bf13e3b9e909',
    bytes: image(264, {
      0: '0101 0000',
      0x10: '10',
      0x18: '010001f0 80b00000 010002f0 04000000',
      0x28: '0105',
      0x38: '10',
      0x40: '000102030405060708090a0b0c0d0e0f',
      0x50: '0103',
      0x60: '10',
      0x68: '0110000000000000 0120000000000000',
      0x78: '0104',
      0x88: '10',
      0x90: '01000000020000000300000004000000',
      0xa0: '01050001',
      0xb0: '10',
      0xb8: '000102030405060708090a0b0c0d0e0f',
      0xc8: '01040001',
      0xd8: '10',
      0xe0: '01000000020000000300000004000000',
      0xf0: '0102',
    }),
    values: {
      'packet[0].data[0].value.devid': 0xb080n,
      'packet[0].data[1].value.revid': 4n,
      'packet[3].data.regs[2]': 3n,
      'packet[5].gt_id': 1n,
    },
  },
  'gvt-g: header, no page tables, one workload': {
    format: 'gvt-g',
    sha256: '0a1e506b257ea0ae5c445a8c8c2b340a54ff35c1800c8f74e7948a76c5674b26',
    bytes: image(584, {
      0: '01000000100200000000000040 02',
      0x218: '060000000000000007000000 18',
      0x235: '10000021',
    }),
    values: {
      'region[0].data.data_size': 576n,
      'region[2].data[0].elsp[2]': 0x1000n,
      'region[2].data[0].elsp[3]': 0x21n,
      'region[3].type': 0n,
    },
  },
  'spdk-nvme: admin queue and one I/O queue': {
    format: 'spdk-nvme',
    sha256: '036bee2f4e6d523f9468009600a0c4981675b1bb9177150c10f14d78f1479432',
    bytes: image(45056, {
      0: '23bcedaf',
      0x10: '7020',
      0x48: '7030',
      0x61: '10',
      0x99: '10',
      0xb1: '20',
      0xb8: '70',
      0xc0: '01',
      0xc9: '10',
      0xd1: '10',
      0x1000: '280600003000000028000000',
      0x1010: 'ff00010f20000000 000401000100460001000000 1f001f00',
      0x102a: '0010',
      0x1031: '100010',
      0x1210: '01000001',
      0x1618: '07',
      0x2008: '20000000',
      0x2010: '0000001000000000',
      0x2018: '00000100',
      0x2020: '20000000 00000000 01000000 00000000 0080001000000000',
      0x2038: '0100 0100 00000000 20000000 00000000 0000011000000000',
      0x2050: '0100 0100 00000000 20000000 01000000 01000000 00000000 0080011000000000',
      0x3070: pciNvme,
    }),
    values: {
      num_io_queues: 1n,
      'nvmf_data.regs.vs': 0x10400n,
      'nvmf_data.regs.asq': 0x10000000n,
      'qps[1].cq.dma_addr': 0x10018000n,
      'cfg.vendor_id': 0x4e58n,
    },
  },
  'ice: the part of the physical function': {
    format: 'ice',
    bytes: image(1070, {
      0: '010000e8 01000000 3804000000000000 03000000 1000 1000 0500',
      0x41a: '01000000 0800 01000000 01000000 0000',
    }),
    values: {
      'state.total_size': 1080n,
      'state.vsi_id': 5n,
      'state.virtchnl_msgs[0].message.msg_buffer.major': 1n,
      'state.virtchnl_msgs[1].opcode': 0n,
    },
  },
  'pds: sixteen bytes': {
    format: 'pds',
    bytes: image(16, { 0: '50445300 01000000 deadbeef' }),
    values: {},
    unmarked: true,
  },
  'i40e-vf: the control block': {
    format: 'i40e-vf',
    bytes: image(64, { 0: '02', 0x11: '10', 0x22: '10', 0x29: '10', 0x31: '80' }),
    values: { 'control.start_pfn': 0x100000n, 'control.total_pfns': 32768n },
    unmarked: true,
  },
};

const formatOf = (id: string): Format => formatById(id)!;

const found = (units: readonly Node[], path: string): Node | undefined => {
  for (const unit of units) {
    if (unit.name === '') {
      const field = child(unit, path);
      if (field !== undefined) return field;
    }
    for (const field of walk(unit)) if (pathOf(field) === path) return field;
  }
  return undefined;
};

describe.each(Object.entries(vectors))('%s', (_name, vector) => {
  const { bytes, values, sha256 } = vector;
  const format = formatOf(vector.format);
  const units = decode(format.layout, bytes);

  it('has the digest that was written down', () => {
    if (sha256 === undefined) return;
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
  });

  it('is told by its bytes, where anything tells it', () => {
    assert.equal(recognised(bytes)?.id, vector.unmarked === true ? undefined : format.id);
  });

  it('decodes to the values that were written down, and back', () => {
    assert.deepEqual(Buffer.from(encode(units)), Buffer.from(bytes));
    for (const [path, value] of Object.entries(values)) {
      assert.equal(found(units, path)?.value, value, path);
    }
  });

  it('is what the format’s own sample builds', () => {
    assert.deepEqual(Buffer.from(build(format.layout, format.sample).bytes), Buffer.from(bytes));
  });

  it('is sound', () => {
    assert.deepEqual(ruleIds(judge(format, bytes)), []);
  });
});

describe('derived examples', () => {
  const bytesOf = (name: keyof typeof vectors): Uint8Array => vectors[name]!.bytes.slice();
  const xe = (edit: (bytes: Uint8Array) => Uint8Array): readonly string[] =>
    ruleIds(judge(formatOf('xe'), edit(bytesOf('xe: two GTs'))));
  const set =
    (at: number, ...raw: readonly number[]) =>
    (bytes: Uint8Array): Uint8Array => {
      bytes.set(raw, at);
      return bytes;
    };

  it.each([
    ['version 2', set(0, 2), ['version-unsupported']],
    [
      'without its descriptor',
      (bytes: Uint8Array) => bytes.subarray(0x28),
      ['xe-descriptor-not-first'],
    ],
    ['GT 9', set(0x7b, 9), ['value-out-of-range', 'xe-part-missing']],
    [
      'trailer alone, of version 2',
      (bytes: Uint8Array) => set(0, 2)(bytes.slice(0xf0)),
      ['version-unsupported', 'xe-descriptor-not-first', 'xe-part-missing'],
    ],
  ])('xe, %s', (_what, edit, rules) => {
    assert.deepEqual(xe(edit), rules);
    assert.equal(recognised(edit(bytesOf('xe: two GTs')))?.id, 'xe');
  });

  it('spdk-nvme keeps its parts apart by their offsets, however many queue pairs there are', () => {
    const { layout } = formatOf('spdk-nvme');
    const pairs = Array.from({ length: 512 }, (_, index) => ({ sq: { sqid: BigInt(index) } }));
    const { bytes } = build(layout, { num_io_queues: 511n, qps: pairs });
    assert.equal(bytes.length, 0xb000);
    const [root] = decode(layout, bytes);
    assert.equal(child(root!, 'config_offset')?.value, 0xa000n);
    assert.deepEqual(
      [...walk(root!)].flatMap(({ faults }) => faults),
      [],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'vitest';

import { formatById } from '../../src/formats/index.ts';
import { plainSession } from '../../src/fuzz/plan.ts';
import { offersOf } from '../../src/fuzz/proposals.ts';
import { Random } from '../../src/fuzz/random.ts';
import { randomPlan } from '../../src/fuzz/search-plan.ts';
import { libraryOf, skeletonOf, type Skeleton } from '../../src/fuzz/skeleton.ts';
import { build } from '../../src/layout/build.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { child, type Node } from '../../src/layout/node.ts';
import { mutantOf, type Mutant } from './mutant.ts';

type Seen = (mutant: Mutant) => boolean;

const is =
  (path: string, ...values: bigint[]): Seen =>
  ({ at }) =>
    values.includes(at(path) ?? -1n);
const anyIs =
  (path: string, ...values: bigint[]): Seen =>
  ({ each }) =>
    each(path).some((value) => values.includes(value));
const size =
  (bytes: number): Seen =>
  (mutant) =>
    mutant.bytes.length === bytes;
const partsOf = (units: readonly Node[], path: string): readonly Node[] =>
  units.flatMap((unit) => child(unit, path)?.children ?? []);
const idsOf = (units: readonly Node[], path: string): readonly unknown[] =>
  partsOf(units, path).map((part) => child(part, 'id')?.value);

const MAX32 = 0xffff_ffffn;
const MAX64 = 0xffff_ffff_ffff_ffffn;
const TAG_DATA = 0n;

/** What the restore paths of real drivers were seen to trust, or to check too late. */
const single: Readonly<Record<string, Readonly<Record<string, Seen>>>> = {
  mtty: {
    'head behind the FIFO': is('port[0].head', 16n),
    'head at its largest': is('port[0].head', 255n),
    'tail behind the FIFO': is('port[0].tail', 16n, 17n),
    'count above the FIFO': is('port[0].count', 255n),
    'magic damaged': ({ at, bytes }) => at('magic') !== 0x7e9d09898c3e2c4en && bytes.length === 60,
    'next minor version': is('minor_ver', 1n),
    'next major version': is('major_ver', 2n),
    'flag set': is('flags', 1n),
    'another number of ports': is('nr_ports', 2n),
    'one byte more': size(61),
    'cut in the header': size(12),
    'a port more': ({ bytes, at }) => bytes.length === 96 && at('nr_ports') === 2n,
  },
  mlx5: {
    'record of 4 GiB': anyIs('record_size', MAX32),
    'record past 32 bits': anyIs('record_size', 1n << 32n),
    'record with the sign bit': anyIs('record_size', 1n << 63n),
    'size hint at its largest': anyIs('data.stop_copy_size', MAX64),
    'empty image': ({ units }) =>
      units.some(
        (unit) => child(unit, 'tag')?.value === TAG_DATA && child(unit, 'data')?.length === 0,
      ),
    'image twice': ({ each }) => each('tag').filter((tag) => tag === TAG_DATA).length > 1,
    'image first': is('tag', TAG_DATA),
    'no image': ({ each }) => each('tag').length > 0 && !each('tag').includes(TAG_DATA),
    'unknown kind that must be understood': ({ units }) =>
      units.some((unit) => (num(unit, 'tag') ?? 0n) > 1n && num(unit, 'flags') === 0n),
    'unknown kind that may be passed over': ({ units }) =>
      units.some((unit) => (num(unit, 'tag') ?? 0n) > 1n && num(unit, 'flags') === 1n),
    'all flags but the known one': anyIs('flags', 0xffff_fffen),
  },
  qat: {
    'bank without registers': is('state.sections[2].data[0].data[0].size', 0n),
    'bank one byte short': is('state.sections[2].data[0].data[0].size', 471n),
    'bank one byte long': is('state.sections[2].data[0].data[0].size', 473n),
    'section to the end of the image': ({ at }) =>
      at('state.sections[2].size') === BigInt(4096 - 0x144),
    'blob at its largest': is('setup.size', MAX32),
    'preamble of 0': is('setup.preh_len', 0n),
    'preamble of 15': is('setup.preh_len', 15n),
    'preamble one byte past its blob': is('setup.preh_len', 91n),
    'no sections': is('state.n_sects', 0n),
    'most sections': is('state.n_sects', 65535n),
    'no subsections': is('setup.sections[0].sub_sects', 0n),
    'most subsections': is('setup.sections[0].sub_sects', MAX32),
    'section twice': ({ units }) => {
      const ids = idsOf(units, 'state.sections');
      return new Set(ids).size < ids.length;
    },
    'unknown section first': ({ units }) => idsOf(units, 'state.sections')[0] === 'other',
    'version before': is('setup.version', 0n),
    'version behind': is('setup.version', 2n),
    'unknown protocol': is('state.sections[0].data[1].data.compver', 6n),
    'capability more': ({ at }) => at('setup.sections[0].data[0].data.gencap') === 0x1f_ffffn,
    'setup alone': size(90),
    'value that became a section': ({ at }) =>
      at('setup.sections[0].data[0].sub_sects') === 1n && at('setup.sections[0].sub_sects') === 3n,
  },
  xe: {
    'packet of 1 TiB': anyIs('size', 1n << 40n),
    'packet with the sign bit': anyIs('size', 1n << 63n),
    'empty packet': anyIs('size', 0n),
    'version 255': anyIs('version', 255n),
    'unknown type': anyIs('type', 7n),
    'no type': anyIs('type', 0n),
    'another device': ({ at }) => (at('data[0].value.devid') ?? 0xb080n) !== 0xb080n,
    'key of no words': is('data[0].len', 0n),
    'key of too many words': is('data[0].len', 0xffffn),
    'trailer missing': ({ each }) => each('type').length > 1 && !each('type').includes(2n),
    'packet behind the trailer': ({ each }) => each('type').indexOf(2n) < each('type').length - 1,
    'descriptor last': ({ each, at }) => each('type').at(-1) === 1n && at('type') !== 1n,
    'GT that is not there': anyIs('gt_id', 3n),
    'offset and size wrap': ({ units }) =>
      units.some((unit) => (num(unit, 'offset') ?? 0n) + (num(unit, 'size') ?? 0n) > MAX64),
  },
  virtio: {
    'record of nearly 4 GiB': anyIs('record_size', 0xffff_fff8n),
    'part one byte long': is('data[0].length', 9n),
    'part at its largest': is('data[1].length', MAX32),
    'largest queue': is('data[4].value.queue_size', 65535n),
    'enabled twice': is('data[4].value.enabled', 2n),
    'address at the end': is('data[4].value.queue_desc', MAX64),
    'two rings in one place': ({ at }) =>
      at('data[4].value.queue_desc') === at('data[4].value.queue_driver') &&
      at('data[4].value.queue_desc') !== undefined,
    'queue that is not there': ({ at }) => (at('data[4].selector.vq_index') ?? 0n) >= 128n,
    'features that must be understood': is('data[0].flags', 0n),
    'part twice': ({ units }) =>
      partsOf(units, 'data').filter((part) => num(part, 'part_type') === 0x103n).length > 1,
    'parts in another order': ({ at }) =>
      at('data[3].part_type') === 0x104n && at('data[4].part_type') === 0x103n,
    'feature that was not offered': ({ at }) =>
      ((at('data[1].value.driver_features') ?? 0n) & ~0x41_0001_0020n) !== 0n,
    'unknown part': ({ units }) =>
      partsOf(units, 'data').some((part) => (num(part, 'part_type') ?? 0n) > 0x105n),
    'context twice': ({ each }) => each('record_size').length > 1,
  },
  'hisi-acc': {
    'another device': ({ at }) => at('dev_id') !== undefined && at('dev_id') !== 0xa256n,
    'next major version': is('major_ver', 2n),
    'the other magic': is('acc_magic', 0xcdcd_cdcd_feed_aaccn),
    'address at the end': is('registers.eqe_dma', MAX64 - 4095n),
    'queue base at its largest': is('qp_base', MAX32),
    'one byte short': size(175),
    'one byte long': size(177),
    'header alone': size(40),
  },
  'spdk-nvme': {
    'queue pairs of a table and one more': is('qp_len', 56n * 513n),
    'data one byte long': is('nvmf_data_len', 4097n),
    'data past 32 bits': is('nvmf_data_len', 1n << 32n),
    'part at the end of the image': is('qp_offset', 0xb000n),
    'offset and length wrap': ({ at }) =>
      (at('qp_offset') ?? 0n) + (at('qp_len') ?? 0n) > MAX64 && (at('qp_len') ?? 0n) < 4096n,
    'completion queue past the table': is('qps[0].sq.cqid', 512n),
    'events past the table': is('nvmf_data.num_async_events', 257n),
    'commands past the table': is('nvmf_data.num_aer_cids', 255n),
    'two queues in one place': ({ at }) => at('qps[0].sq.dma_addr') === at('qps[1].sq.dma_addr'),
    'address at the end': is('qps[0].sq.dma_addr', MAX64 - 4095n),
    'one byte short': size(45055),
  },
  'gvt-g': {
    'engine -1': ({ units }) => units.some((unit) => num(unit, 'data[0].ring_id') === MAX32),
    'engine at the sign': anyIs('data[0].ring_id', 0x7fff_ffffn),
    'table of no levels': anyIs('data[0].page_table_level', 0n),
    'header twice': ({ each }) => each('type').filter((type) => type === 1n).length > 1,
    'region at its largest': anyIs('size', MAX32),
    'unknown region in the middle': ({ each }) =>
      each('type')
        .slice(1, -1)
        .some((type) => type > 8n),
    'cut in the header': size(527),
  },
  ice: {
    'message of no bytes': is('state.virtchnl_msgs[0].message.msg_len', 0n),
    'message at its largest': is('state.virtchnl_msgs[0].message.msg_len', 0xffffn),
    'terminator missing': ({ units }) => {
      const slots = partsOf(units, 'state.virtchnl_msgs');
      return slots.length > 0 && slots.every((slot) => num(slot, 'opcode') !== 0n);
    },
    'message 1000 times': ({ units }) => partsOf(units, 'state.virtchnl_msgs').length > 1000,
    'no size': is('state.total_size', 0n),
    'size at its largest': is('state.total_size', MAX64),
    'no queues': is('state.num_txq', 0n),
    'more queues than there are': is('state.num_txq', 257n),
  },
  pds: {
    'one byte': size(1),
    'one page of 64 KiB, one byte more': size(65537),
    'all ones': ({ bytes }) => bytes.every((byte) => byte === 0xff),
  },
};

const num = (node: Node, path: string): bigint | undefined => {
  const value = child(node, path)?.value;
  return typeof value === 'bigint' ? value : undefined;
};

/** What takes two edits that belong together. */
const combined: Readonly<Record<string, Readonly<Record<string, Seen>>>> = {
  mlx5: {
    'unknown record that may be passed over and claims 4 GiB': ({ units }) =>
      units.some(
        (unit) =>
          num(unit, 'flags') === 1n &&
          (num(unit, 'tag') ?? 0n) > 1n &&
          (num(unit, 'record_size') ?? 0n) >= 0xffff_0000n,
      ),
    'empty record behind a large one': ({ units }) =>
      units.some(
        (unit, place) =>
          num(unit, 'record_size') === 0n &&
          (num(units[place - 1] ?? unit, 'record_size') ?? 0n) >= 4096n &&
          (child(units[place - 1] ?? unit, 'data')?.length ?? 0) >= 4096,
      ),
  },
  xe: {
    'second descriptor, of another device': ({ each }) =>
      new Set(each('data[0].value.devid')).size > 1,
  },
  'gvt-g': {
    'second header that claims nothing': ({ each }) =>
      each('data.data_size').length > 1 && each('data.data_size').slice(1).includes(0n),
  },
};

const seedOf = (id: string): Skeleton => {
  const format = formatById(id)!;
  const draft: Draft = format.sample;
  return skeletonOf(format, build(format.layout, draft).bytes);
};

describe('mutators', () => {
  it.each(Object.entries(single))(
    '%s: propose what restore paths were seen to trust',
    (id, wanted) => {
      const seed = seedOf(id);
      const library = libraryOf([seed]);
      const missing = new Map(Object.entries(wanted));
      for (const { proposals } of [...offersOf(seed).values()].flat()) {
        for (const edits of proposals) {
          if (missing.size === 0) return;
          const plan = {
            seed: seed.digest,
            edits,
            repair: { kind: 'all' as const },
            session: plainSession,
          };
          const mutant = mutantOf(library, seed, plan);
          for (const [name, seen] of missing) {
            if (mutant !== undefined && seen(mutant)) missing.delete(name);
          }
        }
      }
      assert.deepEqual([...missing.keys()], []);
    },
  );

  it.each(Object.entries(combined))(
    '%s: meet in one plan where two belong together',
    (id, wanted) => {
      const seed = seedOf(id);
      const library = libraryOf([seed]);
      for (const [name, seen] of Object.entries(wanted)) {
        const random = new Random(1);
        const found = Array.from({ length: 20_000 }).some(() => {
          const mutant = mutantOf(library, seed, randomPlan(random, library));
          return mutant !== undefined && seen(mutant);
        });
        assert.ok(found, name);
      }
    },
  );
});

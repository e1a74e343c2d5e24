import type { Draft } from '../layout/draft.ts';
import { child, nameOf, numberAt, type Node } from '../layout/node.ts';
import type { Breach, Invariant } from './format.ts';
import {
  end,
  ENGINES,
  gvtGSample,
  head,
  LONG_WORKLOAD,
  longWorkloads,
  ppgtt,
  root,
  wholeSave,
  WORKLOAD,
  workload,
} from './gvt-g-sample.ts';

const SERIES = 'intel-gvt-dev, vGPU live migration series (2017 to 2019): gvt/migrate.c';

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly threats?: Invariant['threats'];
  readonly good?: readonly Draft[];
  readonly bad: readonly Draft[];
};

const invariant = (
  { good = gvtGSample, bad, ...given }: Given,
  watch: Invariant['watch'],
): Invariant => ({
  cwe: 'CWE-1288',
  threats: ['corruption', 'feeder'],
  ...given,
  examples: () => ({ good: [good], bad: [bad] }),
  watch,
});

const typeOf = (region: Node): bigint | undefined => numberAt(region, 'type');

/** A region's name without the prefix that all have, or its number. */
const label = (region: Node): string => {
  const type = child(region, 'type');
  if (typeof type?.value !== 'bigint') return 'nothing';
  const name = nameOf(type.layout, type.value);
  return name?.replace('GVT_MIGRATION_', '') ?? `type ${type.value}`;
};

/** In the order of a save; SREG stands before VREG. */
const ORDER: readonly bigint[] = [1n, 2n, 4n, 3n, 5n, 6n, 7n, 8n];
const MOST_ROOTS = 8n;
const HEADER = 8n;
const REGISTERS = 2n << 20n;
const PRESENT = [
  [2n, 'CFG_SPACE'],
  [3n, 'VREG'],
  [4n, 'SREG'],
  [5n, 'GTT'],
] as const;

/** Bytes of a region’s records, of one of which its size is a multiple. */
const records: readonly (readonly [bigint, string, readonly bigint[]])[] = [
  [5n, 'GTT', [8n]],
  [6n, 'PPGTT', [40n]],
  [7n, 'WORKLOAD', [BigInt(WORKLOAD), BigInt(LONG_WORKLOAD)]],
];

/** The words of a region's records, one behind the other, with the field that each was read as. */
function* wordsOf(region: Node): Generator<Node> {
  for (const record of child(region, 'data')?.children ?? []) {
    yield* wordsIn(record);
  }
}

function* wordsIn(node: Node): Generator<Node> {
  if (node.children.length === 0) yield node;
  for (const inner of node.children) yield* wordsIn(inner);
}

/** Fields at which workloads of this many bytes begin, when the region is read as a list of them. */
const ringsOf = (region: Node, length: number): readonly Node[] => {
  const start = child(region, 'data')?.children[0]?.start ?? 0;
  return [...wordsOf(region)].filter(({ start: at }) => (at - start) % length === 0);
};

const isNoEngine = ({ value }: Node): boolean =>
  typeof value === 'bigint' && value >= BigInt(ENGINES);

export const gvtGInvariants: readonly Invariant[] = [
  invariant(
    {
      id: 'gvt-g-head-not-first',
      title: 'Image does not begin with its header',
      severity: 'high',
      rationale: `
The header says how long the image is, and a reader refuses an image that begins with anything else.`,
      advice: 'Refuse an image whose first region is not HEAD with 528 bytes.',
      sources: [`${SERIES}: vgpu_restore() (EFAULT)`],
      bad: [ppgtt(), workload(), end()],
    },
    () => {
      let first = true;
      return {
        *unit(region) {
          if (first && typeOf(region) !== 1n) {
            yield { field: region, message: `the first region is ${label(region)}` };
          }
          first = false;
        },
      };
    },
  ),
  invariant(
    {
      id: 'gvt-g-head-repeated',
      title: 'Second header inside the image',
      severity: 'high',
      threats: ['feeder', 'corruption'],
      cwe: 'CWE-823',
      rationale: `
The handler of the header gives the size of the whole image as what it has consumed. For a header in
the middle of the walk that is a distance which the stream chose, so the next region is read from
anywhere.`,
      advice: 'Refuse HEAD anywhere but at the start, and take only the region’s own size.',
      sources: [`${SERIES}: image_header_load()`],
      bad: [head(), ppgtt(), head(), workload(), end()],
    },
    () => {
      let seen = 0;
      return {
        *unit(region) {
          if (typeOf(region) !== 1n) return;
          seen += 1;
          if (seen > 1) yield { field: child(region, 'type'), message: 'HEAD stands twice' };
        },
      };
    },
  ),
  invariant(
    {
      id: 'gvt-g-region-unknown',
      title: 'Region of a type that is not known',
      severity: 'high',
      threats: ['version', 'corruption', 'feeder'],
      rationale: `
An unknown type ends the walk like the terminator does, so everything behind it is passed over and the
restore goes on as if the image were complete. A restore path should refuse it.`,
      advice: 'End the walk at type 0 alone, and refuse any other type that is not known.',
      sources: [`${SERIES}: vgpu_restore()`],
      bad: [
        head({ data_size: 588n }),
        ppgtt(),
        { type: 9n, data: new Uint8Array(4) },
        workload(),
        end(),
      ],
    },
    () => ({
      *unit(region) {
        const type = child(region, 'type');
        if (typeof type?.value !== 'bigint' || type.value === 0n) return;
        if (nameOf(type.layout, type.value) !== undefined) return;
        yield { field: type, message: `type ${type.value} is unknown` };
      },
    }),
  ),
  invariant(
    {
      id: 'gvt-g-registers-incomplete',
      title: 'Registers of another size than the device has',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
Both sets of registers have 2 MiB. The series refuses another size; a reader that copies what the
region says leaves registers of the destination in place, or writes behind them.`,
      advice: 'Refuse registers whose size is not that of the device.',
      sources: [`${SERIES}: vreg_load(), sreg_load() (EFAULT)`],
      good: wholeSave(),
      bad: [
        head({ data_size: 592n }),
        { type: 'GVT_MIGRATION_SREG', data: new Uint8Array(8) },
        ppgtt(),
        workload(),
        end(),
      ],
    },
    () => ({
      *unit(region) {
        const type = typeOf(region);
        const size = numberAt(region, 'size');
        if ((type !== 3n && type !== 4n) || size === undefined || size === REGISTERS) return;
        yield {
          field: child(region, 'size'),
          message: `size of ${label(region)} is ${size}`,
          expected: `${REGISTERS}`,
        };
      },
    }),
  ),
  invariant(
    {
      id: 'gvt-g-region-repeated',
      title: 'Region stands twice',
      severity: 'high',
      rationale: `
A save has each region once. A second one is applied over the first, so what was checked of the first
does not hold.`,
      advice: 'Refuse a type that was applied already.',
      sources: [`${SERIES}: vgpu_save()`],
      bad: [head(), ppgtt(), ppgtt(), workload(), end()],
    },
    () => {
      const seen = new Set<bigint>();
      return {
        *unit(region) {
          const type = typeOf(region);
          if (type === undefined || type <= 1n) return;
          if (seen.has(type)) {
            yield { field: child(region, 'type'), message: `${label(region)} stands twice` };
          }
          seen.add(type);
        },
      };
    },
  ),
  invariant(
    {
      id: 'gvt-g-region-out-of-order',
      title: 'Region comes in another place than a save puts it',
      severity: 'high',
      rationale: `
Each region is applied on top of those before it: page tables need the registers, workloads need the
page tables. In another order the device is driven through states that the source never had.`,
      advice: 'Refuse a region that a save puts before one that was applied already.',
      sources: [`${SERIES}: gvt_device_objs[]`],
      bad: [head(), workload(), ppgtt(), end()],
    },
    () => {
      let reached = 0;
      return {
        *unit(region) {
          const place = ORDER.indexOf(typeOf(region) ?? 0n);
          if (place <= 0) return;
          if (place < reached) {
            yield { field: child(region, 'type'), message: `${label(region)} comes too late` };
          } else reached = place;
        },
      };
    },
  ),
  invariant(
    {
      id: 'gvt-g-region-missing',
      title: 'Image lacks a region that every save has',
      severity: 'low',
      rationale: `
Config space, both sets of registers and the page table are in every save. A reader does not ask for
them: what is missing stays as the destination's virtual GPU had it when it was made.`,
      advice: 'Refuse an image without one of the regions that every save has.',
      sources: [`${SERIES}: gvt_device_objs[]`],
      good: wholeSave(),
      bad: gvtGSample,
    },
    () => {
      const seen = new Set<bigint>();
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last region.
        *unit(region) {
          const type = typeOf(region);
          if (type !== undefined) seen.add(type);
        },
        *state(): Generator<Breach> {
          const missing = PRESENT.filter(([type]) => !seen.has(type)).map(([, name]) => name);
          if (missing.length === 0 || !seen.has(1n)) return;
          yield { message: `the image has no ${missing.join(', ')}` };
        },
      };
    },
  ),
  invariant(
    {
      id: 'gvt-g-terminator-missing',
      title: 'Image ends elsewhere than its header says',
      severity: 'high',
      rationale: `
data_size is the length of the image, with or without the terminator behind it. A reader walks on
until it meets a type that it does not know, so it reads what an earlier image left in its buffer
when the stream is shorter, and leaves something unread when it is longer.`,
      advice: 'Walk exactly data_size bytes, and refuse an image whose regions end elsewhere.',
      sources: [`${SERIES}: vgpu_save(), vgpu_restore()`],
      bad: [head({ data_size: 600n }), ppgtt(), workload(), end()],
    },
    () => {
      let wanted: bigint | undefined;
      let field: Node | undefined;
      let reached: number | undefined;
      let terminated = false;
      const check = function* (bytes: number): Generator<Breach> {
        if (wanted === undefined) return;
        const image = BigInt(bytes);
        if (wanted === image || (terminated && wanted === image + HEADER)) return;
        yield {
          field,
          message: `data_size is ${wanted}, but the regions end at ${image}`,
          expected: `${image}`,
        };
      };
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last region.
        *unit(region) {
          if (wanted === undefined && typeOf(region) === 1n) {
            wanted = numberAt(region, 'data.data_size');
            field = child(region, 'data.data_size');
          }
          if (typeOf(region) === 0n && reached === undefined) {
            reached = region.start;
            terminated = true;
          }
        },
        *state({ bytes }): Generator<Breach> {
          yield* check(reached ?? bytes);
        },
      };
    },
  ),
  invariant(
    {
      id: 'gvt-g-image-too-large',
      title: 'Image is larger than a reader takes',
      severity: 'high',
      cwe: 'CWE-770',
      rationale: `
The buffer of the destination has 9 MiB, and no virtual GPU needs more. A reader that counts what it
got in a signed number, or compares only what the header claims, writes behind it.`,
      advice: 'Refuse the write that would pass the end of the buffer.',
      sources: [`${SERIES}: MIGRATION_IMG_MAX_SIZE`],
      bad: [head(), ppgtt(), workload(), end(new Uint8Array(9 << 20))],
    },
    () => ({
      *state({ bytes }) {
        if (bytes <= 9 << 20) return;
        yield { message: `the image has ${bytes} bytes`, expected: `at most ${9 << 20}` };
      },
    }),
  ),
  invariant(
    {
      id: 'gvt-g-record-size-mismatch',
      title: 'Region holds no whole number of records',
      severity: 'high',
      cwe: 'CWE-1284',
      rationale: `
Page table entries have 8 bytes, roots 40, workloads 24 or, in the last series, 36. The series refuses a region whose size is no
multiple of its record.`,
      advice: 'Refuse a size that is no multiple of the record.',
      sources: [`${SERIES}: ppgtt_load(), workload_load() (EFAULT)`],
      bad: [
        head({ data_size: 577n }),
        ppgtt(),
        { type: 'GVT_MIGRATION_WORKLOAD', data: new Uint8Array(25) },
        end(),
      ],
    },
    () => ({
      *unit(region) {
        const size = numberAt(region, 'size');
        const [, name, lengths] = records.find(([type]) => type === typeOf(region)) ?? [];
        if (lengths === undefined || size === undefined) return;
        if (lengths.some((length) => size % length === 0n)) return;
        yield {
          field: child(region, 'size'),
          message: `size of ${name} is ${size}`,
          expected: `a multiple of ${lengths.join(' or ')}`,
        };
      },
    }),
  ),
  invariant(
    {
      id: 'gvt-g-workload-engine-unknown',
      title: 'Workload is for an engine that the device does not have',
      severity: 'critical',
      threats: ['guest', 'feeder'],
      cwe: 'CWE-129',
      rationale: `
The number of the engine is an index into the queues of the virtual GPU, and the series uses it as it
is. Where the size of the region is a whole number of workloads of either kind, one reading of it must
name engines only.`,
      advice: 'Refuse a workload whose engine the device does not have.',
      sources: [`${SERIES}: workload_load()`],
      good: [head({ data_size: 588n }), ppgtt(), longWorkloads(0), end()],
      bad: [head({ data_size: 588n }), ppgtt(), longWorkloads(5), end()],
    },
    () => ({
      *unit(region) {
        const size = numberAt(region, 'size');
        if (typeOf(region) !== 7n || size === undefined || size === 0n) return;
        if (size % BigInt(LONG_WORKLOAD) !== 0n) return;
        const wrong = ringsOf(region, LONG_WORKLOAD).find(isNoEngine);
        if (wrong === undefined) return;
        const isEither = size % BigInt(WORKLOAD) === 0n;
        const other = isEither ? ringsOf(region, WORKLOAD).find(isNoEngine) : wrong;
        if (other === undefined) return;
        yield { field: other, message: `the engines of its workloads are not below ${ENGINES}` };
      },
    }),
  ),
  invariant(
    {
      id: 'gvt-g-global-data-set',
      title: 'Header carries data that no reader uses',
      // Genuine saves leak like this, so it cannot stand against the state.
      severity: 'low',
      threats: ['exposure'],
      cwe: 'CWE-908',
      rationale: `
The save fills in the first word, and only under Xen; the others are whatever was on the stack of the
source's kernel. Words that are not zero may be addresses or secrets of the source host.`,
      advice: 'Clear the header before its fields are set.',
      sources: [`${SERIES}: image_header_save()`],
      bad: [
        head({ global_data: [0n, 0xffff_8881_0000_1000n, ...new Array<bigint>(62).fill(0n)] }),
        ppgtt(),
        workload(),
        end(),
      ],
    },
    () => ({
      *unit(region) {
        const data = child(region, 'data.global_data');
        const set = (data?.children ?? []).filter(
          ({ value }, index) => index > 0 && typeof value === 'bigint' && value !== 0n,
        );
        if (set.length === 0) return;
        yield {
          field: data,
          message: `${set.length} of the 63 words that the save never sets are not zero`,
        };
      },
    }),
  ),
  invariant(
    {
      id: 'gvt-g-root-unused',
      title: 'Page table root of four levels with more than one pointer',
      severity: 'low',
      confidence: 'possible',
      threats: ['guest', 'feeder'],
      rationale: `
A table of four levels has one root; only one of three levels has four pointers. More of them were
not set by the guest's driver, and what a restore does with them depends on the reader.`,
      advice: 'Take only as many pointers as the table has roots, and refuse the others.',
      sources: [`${SERIES}: ppgtt_load()`],
      bad: [
        head({ data_size: 616n }),
        ppgtt([root({ pdp: [0x1000n, 0x2000n, 0n, 0n] })]),
        workload(),
        end(),
      ],
    },
    () => ({
      *unit(region) {
        if (typeOf(region) !== 6n) return;
        let found = 0n;
        for (const at of child(region, 'data')?.children ?? []) {
          const more = child(at, 'pdp')?.children.slice(1) ?? [];
          if (numberAt(at, 'page_table_level') !== 4n || more.every(({ value }) => value === 0n)) {
            continue;
          }
          found += 1n;
          if (found > MOST_ROOTS) return;
          yield { field: child(at, 'pdp'), message: 'a table of four levels has several roots' };
        }
      },
    }),
  ),
];

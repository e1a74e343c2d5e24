import { child, numberAt, type Node } from '../layout/node.ts';
import {
  bytes,
  iova,
  le32,
  le64,
  oneOf,
  reserved,
  restOf,
  struct,
  when,
  within,
} from '../layout/vocabulary.ts';
import type { Draft } from '../layout/draft.ts';
import { defineFormat, perUnit, type Breach, type Invariant } from './format.ts';

const SERIES =
  'kvm list, “Introduce vendor ops in vfio-pci” v3 (February 2020), i40e_vf_migration.c';
const BITMAP = 0x1000;
const BITMAP_BYTES = 65536;
const MOST_PFNS = BigInt(BITMAP_BYTES * 8);
const PFNS = 1n << 52n;

type Fields = Readonly<Record<string, Draft>>;

/** The control block as it reads while dirty pages are asked for; the bitmap is not read. */
const block = (changed: Fields = {}): Draft => ({
  control: {
    device_state: 'SAVING',
    data_offset: BigInt(BITMAP),
    start_pfn: 0x10_0000n,
    page_size: 4096n,
    total_pfns: 32768n,
    ...changed,
  },
});

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly bad: Draft;
};

const invariant = (
  { bad, ...given }: Given,
  check: (control: Node, root: Node) => Iterable<Breach>,
): Invariant => ({
  cwe: 'CWE-1284',
  threats: ['feeder', 'corruption'],
  ...given,
  examples: () => ({ good: [block()], bad: [bad] }),
  watch: perUnit(function* (root) {
    const control = child(root, 'control');
    if (control !== undefined) yield* check(control, root);
  }),
});

export const i40eVf = defineFormat({
  id: 'i40e-vf',
  title: 'Intel 700 series virtual function (series of 2020)',
  source: `${SERIES}: struct vfio_device_migration_info of the drafts`,
  summary: `
A state without a byte: the series tracks which pages the device has written and saves nothing of the
device itself, so pending_bytes is always zero. An empty state is therefore sound for this device and
for no other, and tells nothing. What can be captured besides is the migration region itself: its
control block of 64 bytes, as the drafts of the first protocol have it, and from 0x1000 the bitmap of
dirty pages. This format reads both. The series was not merged.`,
  layout: struct(
    {
      control: when(
        { remaining: 1 },
        struct({
          device_state: le32({
            role: oneOf(0n, 1n, 2n, 3n, 4n),
            names: { STOP: 0n, RUNNING: 1n, SAVING: 2n, RUNNING_SAVING: 3n, RESUMING: 4n },
            driver: 'another value fails: i40e_vf_set_device_state() (EFAULT)',
          }),
          reserved: le32({ role: reserved }),
          pending_bytes: le64({
            role: oneOf(0n),
            control: 'driver',
            doc: 'the device has no data',
          }),
          data_offset: le64({
            role: oneOf(BigInt(BITMAP)),
            control: 'driver',
            hex: true,
            doc: 'of the bitmap in the region',
          }),
          data_size: le64({ role: within(0n, BigInt(BITMAP_BYTES)) }),
          start_pfn: le64({
            role: within(0n, PFNS - 1n),
            hex: true,
            doc: 'first guest page of the query',
          }),
          page_size: le64({ role: [oneOf(4096n), iova(4096n)] }),
          total_pfns: le64({ doc: 'pages of the query' }),
          copied_pfns: le64({ doc: 'a write to it starts the query' }),
          behind: when(
            { remaining: 1 },
            struct({
              unused: bytes(BITMAP - 64, { zero: true }),
              bitmap: bytes(BITMAP_BYTES, {
                control: 'guest',
                doc: 'a bit for each page, the lowest first',
              }),
              rest: restOf({ zero: true, doc: 'to the end of the region' }),
            }),
          ),
        }),
      ),
    },
    { control: 'source-host' },
  ),
  pci: ['8086:154c'],
  drivers: ['i40e_vf_migration'],
  marked: false,
  mayBeEmpty: true,
  identity: 'None. The device id has to be compared out of band.',
  sample: block(),
  recognise: () => undefined,
  invariants: [
    invariant(
      {
        id: 'i40e-vf-query-past-bitmap',
        title: 'Query asks for more pages than the bitmap has bits',
        severity: 'high',
        cwe: 'CWE-787',
        rationale: `
The bitmap has 64 KiB, a bit for each of 524288 pages. The number of pages is the user's, and a driver
that fills in a bit for each writes behind the bitmap when it is larger.`,
        advice: 'Compare total_pfns with the bits of the bitmap before it is filled in.',
        sources: [`${SERIES}: the write to copied_pfns`],
        bad: block({ total_pfns: MOST_PFNS + 1n }),
      },
      function* (control) {
        const total = numberAt(control, 'total_pfns') ?? 0n;
        if (total <= MOST_PFNS) return;
        yield {
          field: child(control, 'total_pfns'),
          message: `total_pfns is ${total}`,
          expected: `at most ${MOST_PFNS}`,
        };
      },
    ),
    invariant(
      {
        id: 'i40e-vf-query-wraps',
        title: 'Query runs past the last page of the address space',
        severity: 'high',
        cwe: 'CWE-190',
        rationale: `
Addresses have 64 bits, so there are 2^52 pages of 4096 bytes. First page and number together go
beyond them, and a loop up to their sum does not run, or runs over other pages.`,
        advice: 'Compare total_pfns with the pages behind start_pfn; do not add the two first.',
        sources: [`${SERIES}: the write to copied_pfns`, 'CWE-190'],
        bad: block({ start_pfn: PFNS - 1n, total_pfns: 2n }),
      },
      function* (control) {
        const start = numberAt(control, 'start_pfn') ?? 0n;
        const total = numberAt(control, 'total_pfns') ?? 0n;
        if (start + total <= PFNS) return;
        yield {
          field: child(control, 'start_pfn'),
          against: child(control, 'total_pfns'),
          message: `${total} pages from page 0x${start.toString(16)} pass the last page`,
        };
      },
    ),
    invariant(
      {
        id: 'i40e-vf-copied-more-than-asked',
        title: 'More dirty pages than were asked for',
        severity: 'medium',
        rationale: `
The answer counts pages of the query; all bits set say that every page is dirty. Any other number
above the query's is no answer to it.`,
        advice: 'Refuse an answer that counts more pages than the query has.',
        sources: ['kvm list, VFIO migration drafts up to v8 (2019): copied_pfns'],
        bad: block({ copied_pfns: 32769n }),
      },
      function* (control) {
        const total = numberAt(control, 'total_pfns') ?? 0n;
        const copied = numberAt(control, 'copied_pfns') ?? 0n;
        if (copied <= total || copied === (1n << 64n) - 1n) return;
        yield {
          field: child(control, 'copied_pfns'),
          against: child(control, 'total_pfns'),
          message: `copied_pfns is ${copied}, but ${total} pages were asked for`,
        };
      },
    ),
  ],
});

import {
  array,
  bytes,
  choice,
  framed,
  indexInto,
  iova,
  le32,
  le64,
  lengthOf,
  oneOf,
  padding,
  repeat,
  reserved,
  restOf,
  struct,
  u8,
  version,
  when,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, type Likeness } from './format.ts';
import { gvtGInvariants } from './gvt-g-invariants.ts';
import { ENGINES, gvtGSample, LONG_WORKLOAD, WORKLOAD } from './gvt-g-sample.ts';
import { pages } from './pages.ts';
import { pciConfig } from './pci-config.ts';

const MIB = 1 << 20;
/** Workloads of the longer kind that one region is read with; no engine queues as many. */
const MOST_LONG = 64;
const sized = 'compared with the size of the region on the destination (EFAULT)';

const ring = le32({
  role: indexInto('engines', ENGINES),
  doc: 'engine of the workload',
  driver: 'used as an index as it is',
});

const submitted = {
  elsp: array(4, le32({ hex: true }), { doc: 'what the guest wrote to submit its contexts' }),
  index: le32(),
};

const workload = struct({ ring_id: ring, ...submitted });

/** An engine that an invariant judges: the size of the region does not settle what stands where. */
const judgedRing = le32({ doc: 'engine of the workload', driver: 'used as an index as it is' });

/** As the series of February 2019 wrote it. */
const longWorkload = struct({
  ring_id: judgedRing,
  ...submitted,
  emulate_schedule_in: u8({ doc: 'a truth value' }),
  pad: bytes(3),
  ctx_desc: array(2, le32({ hex: true }), { doc: 'descriptor of the context' }),
});

/** Sizes that are a whole number of the longer workloads, and of both kinds. */
const longSizes = Array.from({ length: MOST_LONG }, (_, index) => LONG_WORKLOAD * (index + 1));
const workloads = choice(
  'size',
  Object.fromEntries(
    longSizes.map((size) => [
      size,
      size % WORKLOAD === 0
        ? repeat(struct({ ring_id: judgedRing, ...submitted }), 'workload')
        : repeat(longWorkload, 'workload'),
    ]),
  ),
  repeat(workload, 'workload'),
);

const region = choice(
  'type',
  {
    GVT_MIGRATION_HEAD: struct({
      version: le32({ role: version(0n), doc: 'GVT_MIGRATION_VERSION' }),
      data_size: le32({
        role: within(536n, BigInt(9 * MIB) - 1n),
        doc: 'bytes of the whole image',
        driver: 'must be below 9 MiB (EFAULT)',
      }),
      crc_check: le64({ role: reserved, doc: 'never computed' }),
      global_data: array(64, le64({ hex: true }), {
        control: 'source-host',
        doc: 'the first is used under Xen; the others are not set by the save',
      }),
    }),
    GVT_MIGRATION_CFG_SPACE: pciConfig,
    GVT_MIGRATION_VREG: pages({ doc: 'registers as the guest sees them' }),
    GVT_MIGRATION_SREG: pages({ doc: 'registers as the device has them' }),
    GVT_MIGRATION_GTT: pages({
      doc: 'page table entries of 8 bytes: those of the aperture, then those of hidden memory',
      driver: 'as many as the destination has pages (EFAULT)',
    }),
    GVT_MIGRATION_PPGTT: repeat(
      struct({
        page_table_level: le32({ role: oneOf(3n, 4n), doc: 'levels of the table' }),
        pad: le32({ role: padding }),
        pdp: array(4, le64({ role: iova(), doc: 'guest address of a root' })),
      }),
      'root',
    ),
    GVT_MIGRATION_WORKLOAD: workloads,
    GVT_MIGRATION_OPREGION: restOf({
      doc: 'the OpRegion under Xen, or the execlists of the series of February 2019',
    }),
    0: restOf({ doc: 'empty' }),
  },
  restOf({ control: 'unknown', doc: 'ends the walk' }),
);

/** Type and size of the first region. */
const start = Uint8Array.of(1, 0, 0, 0, 0x10, 2, 0, 0);
const HEAD = 536;

const recognise = (head: Uint8Array, size: number | undefined): Likeness | undefined => {
  const seen = Math.min(head.length, start.length);
  const equal = start.filter((byte, index) => head[index] === byte).length;
  if (seen > 4 && equal === seen) return seen === 8 ? 'certain' : 'likely';
  if (head.length < HEAD + 8 || equal < 5) return undefined;
  // version and crc_check are zero, data_size is below 16 MiB, and a region follows.
  const quiet = [8, 9, 10, 11, 15, ...Array.from({ length: 8 }, (_, index) => 16 + index)];
  const next = head[HEAD] ?? 0xff;
  const follows = next >= 2 && next <= 8 && [1, 2, 3].every((at) => head[HEAD + at] === 0);
  const plausible = quiet.every((at) => head[at] === 0) && (size ?? HEAD) >= HEAD;
  return plausible && follows ? 'damaged' : undefined;
};

export const gvtG = defineFormat({
  id: 'gvt-g',
  title: 'Intel mediated virtual GPU (GVT-g, series of 2017 to 2019)',
  source:
    'intel-gvt-dev, “drm/i915/gvt: vGPU live migration support” (2017 to 2019): gvt/migrate.h: struct gvt_region_t, struct gvt_image_header_t',
  summary: `
An image of at most 9 MiB in regions, each with its type and its size; the first is the image's
header, and a type of zero ends it. The series was never merged, and the i915 driver of Linux does
not migrate: these states come from trees that carried it. A workload has 24 bytes, and 36 in the series
of February 2019, which put a context descriptor into each; the size of the region tells which, and
where it is a whole number of both, the shorter are shown and either reading may be sound. Nothing in the image says which kind of
virtual GPU it is of; source and destination were paired by a version attribute beside it.`,
  layout: repeat(
    struct(
      {
        type: le32({
          names: {
            GVT_MIGRATION_HEAD: 1n,
            GVT_MIGRATION_CFG_SPACE: 2n,
            GVT_MIGRATION_VREG: 3n,
            GVT_MIGRATION_SREG: 4n,
            GVT_MIGRATION_GTT: 5n,
            GVT_MIGRATION_PPGTT: 6n,
            GVT_MIGRATION_WORKLOAD: 7n,
            GVT_MIGRATION_OPREGION: 8n,
          },
          doc: '0 ends the image',
          driver: 'the first must be HEAD (EFAULT); an unknown one ends the walk',
        }),
        size: le32({ role: lengthOf('data'), driver: sized }),
        data: framed('size', region),
        tail: when(
          { field: 'type', is: [0n] },
          restOf({ zero: true, doc: 'behind the image nothing is read' }),
        ),
      },
      { control: 'guest' },
    ),
    'region',
  ),
  pci: [],
  drivers: ['kvmgt'],
  marked: true,
  identity: `
vendor_id and device_id of the config space, which the guest sees, are those of the host's GPU. The
type of the virtual GPU, with the sizes of its aperture and its hidden memory, has to be compared out
of band.`,
  sample: gvtGSample,
  recognise,
  invariants: gvtGInvariants,
});

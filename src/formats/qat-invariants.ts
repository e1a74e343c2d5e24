import { child, numberAt, type Node } from '../layout/node.ts';
import { perUnit, type Breach, type Invariant } from './format.ts';
import {
  miscSections,
  qatImage,
  section,
  setupSections,
  valueSection,
  type QatParts,
} from './qat-sample.ts';
import { banksOf, blobs, isWhole, sectionsOf, type Section } from './qat-sections.ts';

const MANAGER = 'linux drivers/crypto/intel/qat/qat_common/adf_mstate_mgr.c';
const MIGRATION = 'linux drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.c';
const BANK = 'linux drivers/crypto/intel/qat/qat_common/adf_bank_state.c';

const IMAGE_SIZE = 4096;
const RINGS_PER_BANK = 2n;

/** What a restore looks up by name; a section below another is written behind a slash. */
const needed: Readonly<Record<'setup' | 'state', readonly string[]>> = {
  setup: ['CONFIG', 'CONFIG/gencap', 'CONFIG/svcmap', 'CONFIG/extdc'],
  state: [
    'GENER',
    'GENER/iovinit',
    'GENER/compver',
    'GENER/sla',
    'MISCBAR',
    'MISCBAR/vimsk',
    'MISCBAR/vimpv',
    'MISCBAR/pf2vm',
    'MISCBAR/vm2pf',
    'ETRBAR',
    ...[0, 1, 2, 3].flatMap((bank) => [`ETRBAR/bnk${bank}`, `ETRBAR/bnk${bank}/mregs`]),
  ],
};

/** Sections that writers of today add and no restore looks up. */
const informative = new Set(['MISCBAR/visrc', 'MISCBAR/vispv']);

/** An invariant whose example differs from a sound image in the parts that `bad` names. */
const invariant = (
  given: Omit<Invariant, 'examples' | 'watch'> & {
    readonly bad: QatParts;
    readonly check: (root: Node) => Iterable<Breach>;
  },
): Invariant => {
  const { bad, check, ...rest } = given;
  return {
    ...rest,
    examples: () => ({ good: [qatImage()], bad: [qatImage(bad)] }),
    watch: perUnit(check),
  };
};

const sections: readonly Invariant[] = [
  invariant({
    id: 'qat-section-missing',
    title: 'Section that a restore needs is missing',
    severity: 'high',
    threats: ['corruption', 'version'],
    cwe: 'CWE-1288',
    rationale: `
A restore looks its sections up by name and refuses the image when one is not there. All names
should be looked up before the first register is written, so that an image that is refused leaves
the device as it was.`,
    advice: 'Look up every section of both blobs before applying any of them.',
    sources: [
      `${MIGRATION}: adf_gen4_vfmig_load_config(), adf_gen4_vfmig_load_generic(), adf_gen4_vfmig_load_misc(), adf_gen4_vfmig_load_etr() (EINVAL)`,
    ],
    bad: { misc: miscSections.slice(0, 5), used: 2320 },
    *check(root) {
      for (const name of blobs) {
        const blob = child(root, name);
        if (!isWhole(blob)) continue;
        const found = new Map<string, Section>();
        for (const each of sectionsOf(child(blob, 'sections'))) {
          if (!found.has(each.path)) found.set(each.path, each);
        }
        for (const path of needed[name]) {
          const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
          const parent = found.get(above);
          if (found.has(path) || (above !== '' && parent?.whole !== true)) continue;
          yield {
            field: parent?.node ?? blob,
            message: `the ${name} blob has no section ${path}`,
            expected: path,
          };
        }
      }
    },
  }),
  invariant({
    id: 'qat-section-duplicated',
    title: 'Section stands twice under one parent',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    cwe: 'CWE-694',
    rationale: `
A lookup takes the first section of a name, and another reader may take the last: what was checked
is then not what is loaded. No writer repeats a name.`,
    advice: 'Refuse a blob in which two sections of one parent have the same id.',
    sources: [`${MANAGER}: adf_mstate_sect_lookup()`],
    bad: { misc: [...miscSections, valueSection('vm2pf', 0n)], used: 2360 },
    *check(root) {
      for (const name of blobs) {
        const seen = new Map<string, Node>();
        for (const { node, path } of sectionsOf(child(root, `${name}.sections`))) {
          const before = seen.get(path);
          if (before === undefined) seen.set(path, node);
          else {
            yield {
              field: child(node, 'id'),
              against: child(before, 'id'),
              message: `${path} stands twice in the ${name} blob`,
            };
          }
        }
      }
    },
  }),
  invariant({
    id: 'qat-value-claims-subsections',
    title: 'Section that holds a value claims subsections',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    cwe: 'CWE-1284',
    rationale: `
The bytes of a register or a capability are then also read as section headers. The driver walks the
claimed subsections and refuses the section when they do not fit; when they happen to fit, the
section means two things.`,
    advice: 'Refuse subsections in a section whose content is a value.',
    sources: [`${MANAGER}: adf_mstate_sect_validate() (EINVAL)`],
    bad: {
      misc: [valueSection('visrc', 0n, { sub_sects: 1n }), ...miscSections.slice(1)],
    },
    *check(root) {
      for (const name of blobs) {
        for (const { node, path } of sectionsOf(child(root, `${name}.sections`))) {
          const claimed = numberAt(node, 'sub_sects') ?? 0n;
          const value = child(node, 'data');
          if (claimed === 0n || value === undefined || value.layout === 'gap') continue;
          if (value.layout.kind === 'array') continue;
          yield {
            field: child(node, 'sub_sects'),
            message: `${path} holds a value, but claims ${claimed} subsections`,
            expected: 'sub_sects 0',
          };
        }
      }
    },
  }),
  invariant({
    id: 'qat-section-unknown',
    title: 'Section of a name that no driver writes today',
    severity: 'low',
    threats: ['version'],
    cwe: 'CWE-1288',
    rationale: `
A restore looks sections up by name and passes over the others, so a newer writer may add some. What
they hold is lost on this destination, and nothing here checks it.`,
    advice: 'Log the names of sections that are passed over.',
    sources: [`${MANAGER}: adf_mstate_sect_lookup()`],
    bad: { misc: [...miscSections, section('extra', new Uint8Array(4))], used: 2360 },
    *check(root) {
      for (const name of blobs) {
        for (const { node, path } of sectionsOf(child(root, `${name}.sections`))) {
          if (needed[name].includes(path) || informative.has(path)) continue;
          yield {
            field: child(node, 'id'),
            message: `the ${name} blob has a section ${path}, which no driver writes today`,
          };
        }
      }
    },
  }),
];

/** Bytes that a ring takes by its configuration; undefined for a code that no driver writes. */
const ringSize = (config: bigint): bigint | undefined => {
  const code = config & 0x1fn;
  return code >= 1n && code <= 16n ? 64n << code : undefined;
};

const rings: readonly Invariant[] = [
  invariant({
    id: 'qat-ring-pointer-past-end',
    title: 'Head or tail lies behind the end of its ring',
    severity: 'high',
    confidence: 'likely',
    threats: ['guest', 'feeder'],
    cwe: 'CWE-129',
    rationale: `
Head and tail are byte offsets into a ring whose size the configuration gives. The guest owns these
registers and may write anything; a restore hands them to the hardware, which reads requests from
and writes answers to base + offset. They should be compared with the size of the ring.`,
    advice: 'Refuse a head or tail that is not below the size of its ring.',
    sources: [`${BANK}: bank_state_restore()`],
    bad: { bank: { rings: [{ base: 0x1_0000_0000n, config: 8n, head: 0x4000n }, {}] } },
    *check(root) {
      for (const bank of banksOf(root)) {
        for (const ring of child(bank, 'rings')?.children ?? []) {
          const size = ringSize(numberAt(ring, 'config') ?? 0n);
          if (size === undefined) continue;
          for (const name of ['head', 'tail']) {
            const value = numberAt(ring, name);
            if (value === undefined || value < size) continue;
            yield {
              field: child(ring, name),
              against: child(ring, 'config'),
              message: `${name} is ${value}, but the ring has ${size} bytes`,
              expected: `${name} below ${size}`,
            };
          }
        }
      }
    },
  }),
  invariant({
    id: 'qat-ring-base-misaligned',
    title: 'Ring does not begin at a multiple of its size',
    severity: 'low',
    confidence: 'possible',
    threats: ['guest', 'feeder'],
    cwe: 'CWE-1284',
    rationale: `
Drivers of the device round the base address down to a multiple of the size of the ring, so another
address was not written by one of them. The device may then use memory before or behind the ring.`,
    advice: 'Refuse a base that is not a multiple of the size of its ring.',
    sources: [
      'linux drivers/crypto/intel/qat/qat_common/adf_gen4_hw_csr_data.h: BUILD_RING_BASE_ADDR()',
    ],
    bad: { bank: { rings: [{ base: 0x1_0000_1000n, config: 8n }, {}] } },
    *check(root) {
      for (const bank of banksOf(root)) {
        for (const ring of child(bank, 'rings')?.children ?? []) {
          const size = ringSize(numberAt(ring, 'config') ?? 0n);
          const base = numberAt(ring, 'base');
          if (size === undefined || base === undefined || base % size === 0n) continue;
          yield {
            field: child(ring, 'base'),
            against: child(ring, 'config'),
            message: `base is 0x${base.toString(16)}, but the ring has ${size} bytes`,
            expected: `a multiple of ${size}`,
          };
        }
      }
    },
  }),
  invariant({
    id: 'qat-ring-not-in-bank',
    title: 'Arbiter serves a ring that the bank does not have',
    severity: 'low',
    threats: ['guest', 'feeder'],
    cwe: 'CWE-1284',
    rationale: `
A bank of a virtual function has two rings. A bit for a third one asks the arbiter for something that
the device does not have; no driver sets it.`,
    advice: 'Mask ringsrvarben with the rings that the bank has.',
    sources: [`${BANK}: bank_state_restore()`],
    bad: { bank: { ringsrvarben: 7n } },
    *check(root) {
      for (const bank of banksOf(root)) {
        const served = numberAt(bank, 'ringsrvarben');
        if (served === undefined || served < 1n << RINGS_PER_BANK) continue;
        yield {
          field: child(bank, 'ringsrvarben'),
          message: `ringsrvarben is 0x${served.toString(16)}, but a bank has ${RINGS_PER_BANK} rings`,
          expected: 'bits 0 and 1 only',
        };
      }
    },
  }),
  invariant({
    id: 'qat-unused-ring-set',
    title: 'Ring that the bank does not have is set up',
    severity: 'low',
    threats: ['feeder', 'exposure'],
    cwe: 'CWE-908',
    rationale: `
The image has room for sixteen rings of a bank, and a virtual function has two. A restore does not
look at the others, so what stands there is a leftover of the source or was put there.`,
    advice: 'Clear the rings that a bank does not have before saving.',
    sources: [`${BANK}: bank_state_save(), bank_state_restore()`],
    bad: { bank: { rings_unused: new Uint8Array(14 * 24).fill(0x5a, 0, 8) } },
    *check(root) {
      for (const bank of banksOf(root)) {
        const field = child(bank, 'rings_unused');
        if (!(field?.value instanceof Uint8Array) || field.value.every((byte) => byte === 0)) {
          continue;
        }
        yield { field, message: `rings behind the first ${RINGS_PER_BANK} are not zero` };
      }
    },
  }),
  invariant({
    id: 'qat-ring-exception-pending',
    title: 'Bank was saved with a pending ring exception',
    severity: 'high',
    threats: ['guest', 'corruption'],
    cwe: 'CWE-755',
    rationale: `
The exception and status registers cannot be written. The driver says so in its log, leaves the
arbiter of the bank off and reports success: the guest finds a device whose rings do not run. The
source should have drained or reset the bank before it saved.`,
    advice: 'Report to user space that a bank was not restored in full.',
    sources: [`${BANK}: bank_state_restore(), "state not fully restored due to exception"`],
    bad: { bank: { ringexpstat: 1n } },
    *check(root) {
      for (const bank of banksOf(root)) {
        const pending = numberAt(bank, 'ringexpstat') ?? 0n;
        if (pending === 0n) continue;
        yield {
          field: child(bank, 'ringexpstat'),
          message: `ringexpstat is 0x${pending.toString(16)}: the bank will be restored in part`,
          expected: 'ringexpstat 0',
        };
      }
    },
  }),
];

const whole: readonly Invariant[] = [
  {
    id: 'qat-image-length-wrong',
    title: 'Image is not 4096 bytes long',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    cwe: 'CWE-130',
    rationale: `
A save is one image of 4096 bytes: PRE_COPY sends its first part, STOP_COPY the rest. Fewer bytes are
a state that was cut, and what a restore would find behind them was never sent. More are refused by
the write that exceeds the image. A restore path should count what it was given, and take the whole
image or nothing.`,
    advice: 'Refuse to leave RESUMING unless exactly 4096 bytes were written in this session.',
    sources: [
      'linux drivers/vfio/pci/qat/main.c: qat_vf_resume_write() (ENOMEM beyond the image)',
      `${MIGRATION}: ADF_GEN4_VF_MSTATE_SIZE`,
    ],
    examples: () => ({ good: [qatImage()], bad: [qatImage({ used: 2341 })] }),
    watch: () => ({
      *state({ bytes, units }) {
        if (bytes === IMAGE_SIZE || units === 0) return;
        yield { message: `the image has ${bytes} bytes`, expected: `${IMAGE_SIZE} bytes` };
      },
    }),
  },
  invariant({
    id: 'qat-version-never-written',
    title: 'Preamble has a version that no driver ever wrote',
    severity: 'medium',
    threats: ['version', 'corruption'],
    cwe: 'CWE-1288',
    rationale: `
The driver takes every version up to its own, 1, and so takes 0. The first driver already wrote 1, so
a 0 says that the preamble was damaged or made up.`,
    advice: 'Refuse version 0.',
    sources: [`${MANAGER}: adf_mstate_preamble_init(), adf_mstate_preamble_def_checker()`],
    bad: { setup: { sections: setupSections(), version: 0n } },
    *check(root) {
      for (const name of blobs) {
        const field = child(root, `${name}.version`);
        if (field?.value !== 0n) continue;
        yield { field, message: `version of the ${name} blob is 0`, expected: 'version 1' };
      }
    },
  }),
  invariant({
    id: 'qat-compver-unrecognised',
    title: 'Guest driver spoke no protocol version, or a newer one',
    severity: 'low',
    threats: ['version'],
    cwe: 'CWE-1288',
    rationale: `
compver is the protocol version that the guest's driver negotiated with the physical function. 0 says
that it negotiated none; above 5 it is newer than this destination. The driver takes both, with a
warning for 0.`,
    advice: 'Tell the operator when the guest driver is newer than the destination.',
    sources: [`${MIGRATION}: adf_mstate_compatver_check()`],
    bad: { compver: 6n },
    *check(root) {
      for (const { node, path } of sectionsOf(child(root, 'state.sections'))) {
        const version = numberAt(node, 'data.compver');
        if (path !== 'GENER/compver' || version === undefined) continue;
        if (version >= 1n && version <= 5n) continue;
        yield {
          field: child(node, 'data.compver'),
          message: `compver is ${version}`,
          expected: '1 to 5',
        };
      }
    },
  }),
  invariant({
    id: 'qat-tail-not-zero',
    title: 'Bytes behind the last section are not zero',
    severity: 'low',
    threats: ['exposure'],
    cwe: 'CWE-908',
    rationale: `
The image is always 4096 bytes, its sections fewer. What stands behind them means nothing to a reader
and leaves the source host all the same, so it should be zero: memory of the source that nobody
cleared has no business in a migration stream.`,
    advice: 'Clear the buffer of the image before saving into it.',
    sources: [`${MIGRATION}: adf_gen4_vfmig_init_device()`],
    bad: { tail: new Uint8Array(1756).fill(0x5a, 0, 8) },
    *check(root) {
      const tail = child(root, 'tail');
      if (!(tail?.value instanceof Uint8Array)) return;
      const used = tail.value.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
      if (used === 0) return;
      yield {
        field: tail,
        message: `${used} of the ${tail.length} bytes behind the last section are not zero`,
        expected: 'zeros',
      };
    },
  }),
];

export const qatInvariants: readonly Invariant[] = [...sections, ...rings, ...whole];

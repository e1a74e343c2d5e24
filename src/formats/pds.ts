import { perUnit, defineFormat, type Breach, type Invariant } from './format.ts';
import type { Draft } from '../layout/draft.ts';
import type { Node } from '../layout/node.ts';
import { pages, PAGE, piecesOf } from './pages.ts';

const LM = 'linux drivers/vfio/pci/pds/lm.c';
/** The buffer of a destination: linux drivers/vfio/pci/pds/lm.h, PDS_LM_DEVICE_STATE_LENGTH. */
const LARGEST = 65536;
const FEW_VALUES = 4;
/** Below this, few byte values are no sign of anything. */
const ENOUGH = 1024;

const state = Uint8Array.of(0x50, 0x44, 0x53, 0, 1, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0);

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly threats?: Invariant['threats'];
  readonly bad: Draft;
};

const invariant = (
  { bad, ...given }: Given,
  check: (root: Node) => Iterable<Breach>,
): Invariant => ({
  cwe: 'CWE-1286',
  threats: ['corruption', 'feeder'],
  ...given,
  examples: () => ({ good: [state], bad: [bad] }),
  watch: perUnit(check),
});

/** The byte values that occur, each once; undefined where pages were too many to keep. */
const valuesOf = (root: Node): ReadonlySet<number> | undefined => {
  const values = new Set<number>();
  let seen = 0;
  for (const { bytes } of piecesOf(root)) {
    seen += bytes.length;
    for (const byte of bytes) values.add(byte);
  }
  return seen === root.length && seen > 0 ? values : undefined;
};

export const pds = defineFormat({
  id: 'pds',
  title: 'AMD Pensando virtual function (pds-vfio-pci)',
  source: 'linux drivers/vfio/pci/pds/lm.c: struct pds_vfio_lm_file',
  summary: `
What the firmware of the card gave, and nothing else: no header, no magic, no length, no checksum. The
destination keeps what is written in a buffer of 65536 zero bytes and hands all of it to its own
firmware when RESUMING is left, however much was written. The firmware is its only judge, so from
outside a short state cannot be told from one that was cut, and only what no firmware can have
written is found here. Which device a state belongs to has to be said: nothing in it tells.`,
  layout: pages({
    control: 'firmware',
    doc: 'image of the firmware, in the pages in which the driver keeps it',
    driver: 'beyond 65536 bytes a write is cut short or refused: pds_vfio_restore_write() (EINVAL)',
  }),
  pci: ['1dd8:1003'],
  drivers: ['pds_vfio_pci'],
  marked: false,
  featureless: true,
  identity: `
None in the state. The device id and the version of the firmware have to travel beside it, and a state
without them should not be loaded.`,
  sample: state,
  recognise: () => undefined,
  invariants: [
    invariant(
      {
        id: 'pds-state-too-large',
        title: 'State is larger than the buffer of a destination',
        severity: 'high',
        threats: ['feeder', 'corruption'],
        cwe: 'CWE-770',
        rationale: `
No firmware has more than 65536 bytes to say, and the driver takes no more: the write that passes the
end is cut short, the next one refused. A feeder that takes a short write for success goes on for
ever.`,
        advice: 'Treat a write that was cut short as a refusal of the whole state.',
        sources: [`${LM}: pds_vfio_restore_write() (EINVAL)`],
        bad: new Uint8Array(LARGEST + 1).fill(0xa5),
      },
      function* (root) {
        if (root.length <= LARGEST) return;
        yield { message: `the state has ${root.length} bytes`, expected: `at most ${LARGEST}` };
      },
    ),
    invariant(
      {
        id: 'pds-state-all-zero',
        title: 'State consists of zeros',
        severity: 'high',
        rationale: `
The buffer of the destination is zero before the first write. A state of zeros is the same to the
firmware as one of which nothing arrived, so it says nothing of any device. A restore path should
refuse it together with the empty one.`,
        advice: 'Refuse to hand a buffer to the firmware to which nothing was written.',
        sources: [`${LM}: pds_vfio_get_restore_file()`],
        bad: new Uint8Array(256),
      },
      function* (root) {
        const values = valuesOf(root);
        if (values?.size !== 1 || !values.has(0)) return;
        yield { field: root, message: `all ${root.length} bytes are zero` };
      },
    ),
    invariant(
      {
        id: 'pds-state-constant',
        title: 'State consists of one byte value',
        severity: 'medium',
        confidence: 'likely',
        rationale: `
One value over and over is what erased flash, cleared memory or a failed transfer looks like. No
firmware describes a device so.`,
        advice: 'Refuse a state that consists of one byte value.',
        sources: [`${LM}: pds_vfio_get_save_file()`],
        bad: new Uint8Array(256).fill(0xff),
      },
      function* (root) {
        const values = valuesOf(root);
        const [only] = values ?? [];
        if (values?.size !== 1 || only === undefined || only === 0 || root.length < 2) return;
        yield { field: root, message: `all ${root.length} bytes are 0x${only.toString(16)}` };
      },
    ),
    invariant(
      {
        id: 'pds-state-of-few-values',
        title: 'State has hardly any content',
        severity: 'low',
        confidence: 'possible',
        rationale: `
A long state in which only two or three byte values occur is a pattern, not a device. It may come from
a test, or from memory that was never filled in.`,
        advice: 'Compare the entropy of a state with that of states of the same firmware.',
        sources: [`${LM}: pds_vfio_get_save_file()`],
        bad: Uint8Array.from({ length: ENOUGH }, (_, index) => index % 3),
      },
      function* (root) {
        const values = valuesOf(root);
        if (root.length < ENOUGH || values === undefined || values.size < 2) return;
        if (values.size >= FEW_VALUES) return;
        yield { field: root, message: `only ${values.size} byte values occur` };
      },
    ),
    invariant(
      {
        id: 'pds-state-begins-with-zero-page',
        title: 'State begins with a page of zeros',
        severity: 'low',
        confidence: 'possible',
        rationale: `
Writes go into the buffer page by page. A first page of zeros before others that are not may be a
page that was lost on the way: the buffer shows zeros where nothing was written.`,
        advice: 'Count the bytes that were written, and refuse a state with a hole.',
        sources: [`${LM}: pds_vfio_restore_write()`],
        bad: Uint8Array.from({ length: 2 * PAGE }, (_, index) => (index < PAGE ? 0 : index & 0xff)),
      },
      function* (root) {
        const [first, second] = piecesOf(root);
        if (first?.bytes.length !== PAGE || first.bytes.some((byte) => byte !== 0)) return;
        if (second?.bytes.some((byte) => byte !== 0) !== true) return;
        yield { field: first.node, message: 'the first 4096 bytes are zero' };
      },
    ),
  ],
});

import type { Draft } from '../layout/draft.ts';
import { numberAt, type Node } from '../layout/node.ts';
import { bytes, le64, repeat, struct, when } from '../layout/vocabulary.ts';
import { defineFormat, perUnit, type Breach, type Invariant } from './format.ts';
import { PAGE } from './pages.ts';

const SERVER = 'libvfio-user samples/server.c';
const TIME = 8;
/** Before March 2026, and since: then sizes had to become powers of two. */
const BAR1_SIZES = [0x3000, 0x4000] as const;

/** Times beyond the year 9999, which no clock shows. */
const LATEST = 253_402_300_800n;

const image = (pagesOfBar1 = 3, time: Draft = 1_700_000_000n): Draft => ({
  bar1: Array.from({ length: pagesOfBar1 }, (_, page) => new Uint8Array(PAGE).fill(0x40 + page)),
  bar0: time,
});

const sample = image();

/** Whole images, and those before which PRE_COPY has sent BAR 1 once. */
const lengths: readonly number[] = BAR1_SIZES.flatMap((size) => [size + TIME, 2 * size + TIME]);

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly good?: readonly Draft[];
  readonly bad: Draft;
};

const invariant = (
  { good = [sample], bad, ...given }: Given,
  check: (root: Node) => Iterable<Breach>,
): Invariant => ({
  cwe: 'CWE-1284',
  threats: ['corruption', 'feeder'],
  ...given,
  examples: () => ({ good, bad: [bad] }),
  watch: perUnit(check),
});

export const libvfioUserSample = defineFormat({
  id: 'libvfio-user-sample',
  title: 'sample device of libvfio-user (samples/server.c)',
  source: 'libvfio-user samples/server.c: migration_read_data(), migration_write_data()',
  summary: `
The memory behind BAR 1 and then the eight bytes of BAR 0, a time: 12296 bytes, or 16392 since the
sizes of BARs must be powers of two (March 2026). In PRE_COPY the device sends BAR 1; in STOP_COPY it
sends everything again from the start, so a stream that was kept from both is longer by BAR 1. There
is no header and no magic. The server takes exactly one image and refuses a write behind it.`,
  layout: struct({
    bar1: repeat(
      when(
        { remaining: PAGE + TIME },
        bytes(PAGE, { control: 'guest', doc: 'a page of what the guest has put there' }),
      ),
      'page',
    ),
    bar0: le64({ control: 'guest', doc: 'when the timer rings, in seconds since 1970' }),
  }),
  pci: ['dead:beef'],
  drivers: [],
  marked: false,
  featureless: true,
  identity: 'None. The sizes of the regions have to be equal, which a client compares beforehand.',
  sample,
  recognise: () => undefined,
  invariants: [
    invariant(
      {
        id: 'libvfio-user-sample-length',
        title: 'State is not as long as the device’s memory',
        severity: 'high',
        rationale: `
The server counts the bytes it has taken. When it is set to run before all have come, the sample ends
with an assertion, which is the right thing for a sample and a lost guest for anything else; what
comes behind the last byte is refused. A device should compare the length when RESUMING is left.`,
        advice: 'Refuse to leave RESUMING before all bytes have come, and refuse more of them.',
        sources: [`${SERVER}: migration_device_state_transition(), migration_write_data()`],
        good: [sample, image(4), image(6), image(8)],
        bad: image(2),
      },
      function* (root) {
        if (root.layout === 'gap' || lengths.includes(root.length)) return;
        yield {
          message: `the state has ${root.length} bytes`,
          expected: lengths.join(' or '),
        };
      },
    ),
    invariant(
      {
        id: 'libvfio-user-sample-time-zero',
        title: 'Timer that was never set',
        severity: 'high',
        cwe: 'CWE-1288',
        rationale: `
The server arms its timer with this time when it is set to run, and a time of zero makes that fail.
The state is refused when the guest has been stopped already.`,
        advice: 'Check the values of a state before RESUMING is left.',
        sources: [`${SERVER}: arm_timer()`],
        bad: image(3, 0n),
      },
      function* (root) {
        if (numberAt(root, 'bar0') === 0n) {
          yield {
            field: root.children.at(-1),
            message: 'bar0 is 0, and the timer cannot be armed',
          };
        }
      },
    ),
    invariant(
      {
        id: 'libvfio-user-sample-time-beyond',
        title: 'Timer set to a time that no clock shows',
        severity: 'medium',
        cwe: 'CWE-1284',
        rationale: `
The time is a signed number of seconds. Beyond the year 9999, or before 1970, it was not set by a
guest that wanted a timer, and the difference to now may not fit where the server computes it.`,
        advice: 'Bound the time before it is subtracted from the clock.',
        sources: [`${SERVER}: arm_timer()`],
        bad: image(3, 1n << 63n),
      },
      function* (root) {
        const time = numberAt(root, 'bar0');
        if (time === undefined || time < LATEST) return;
        yield { field: root.children.at(-1), message: `bar0 is 0x${time.toString(16)}` };
      },
    ),
  ],
});

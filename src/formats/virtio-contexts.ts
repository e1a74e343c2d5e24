import type { Draft } from '../layout/draft.ts';
import { child, numberAt } from '../layout/node.ts';
import { perUnit, type Breach, type Invariant } from './format.ts';
import { hasTag, recordInvariants } from './tagged-records.ts';
import { offeredBits } from './virtio-parts.ts';
import { context, deviceFeatures, parts, virtioSample } from './virtio-sample.ts';

const MIGRATE = 'linux drivers/vfio/pci/virtio/migrate.c';
const PARTS = 'virtio 1.4, device parts';
/** More than a device with 65,536 queues needs, by a factor of three. */
const LARGEST_CONTEXT = 1n << 24n;

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly threats?: Invariant['threats'];
  readonly bad: readonly Draft[];
};

/** An invariant that is shown on a sound state, or on one that `good` gives, and on a bad one. */
export const virtioInvariant = (
  { bad, ...given }: Given,
  watch: Invariant['watch'],
  good: readonly Draft[] = virtioSample,
): Invariant => ({
  cwe: 'CWE-1288',
  threats: ['corruption', 'feeder'],
  ...given,
  examples: () => ({ good: [good], bad: [bad] }),
  watch,
});

export const virtioContextInvariants: readonly Invariant[] = [
  ...recordInvariants({
    id: 'virtio',
    source: `${MIGRATE}: virtiovf_resume_read_header()`,
    sound: virtioSample,
  }),
  virtioInvariant(
    {
      id: 'virtio-device-data-missing',
      title: 'State without a device context',
      severity: 'high',
      rationale: `
Only a DEVICE_DATA record carries state. Without one the destination's device stays as it was reset,
while everything around it looks like a migration that worked. A restore path should not leave
RESUMING before a context was given to the device.`,
      advice: 'Refuse to leave RESUMING unless a context was loaded in this session.',
      sources: [`${MIGRATE}: virtiovf_resume_write(), VIRTIOVF_LOAD_STATE_LOAD_CHUNK`],
      bad: [{ flags: 1n, tag: 9n, data: new Uint8Array(3) }],
    },
    () => {
      let found = false;
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last record.
        *unit(record) {
          found ||= hasTag(record, 'DEVICE_DATA');
        },
        *state({ units }): Generator<Breach> {
          if (found || units === 0) return;
          yield { message: `none of the ${units} records is a device context` };
        },
      };
    },
  ),
  virtioInvariant(
    {
      id: 'virtio-record-empty',
      title: 'Device context without a byte',
      severity: 'high',
      rationale: `
A device has at least its features to say, so no source writes an empty context; the driver does not
save one either when the device reports a size of zero. A restore path should refuse the record when
its header has been read, and never send the device a command for nothing.`,
      advice: 'Refuse a DEVICE_DATA record of size 0.',
      sources: [`${MIGRATE}: virtiovf_pci_save_device_data() (EINVAL for a context of no bytes)`],
      bad: [...virtioSample, context([])],
    },
    perUnit(function* (record) {
      if (!hasTag(record, 'DEVICE_DATA') || numberAt(record, 'record_size') !== 0n) return;
      yield { field: child(record, 'record_size'), message: 'the device context has no bytes' };
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-record-too-large',
      title: 'Device context is larger than any device needs',
      severity: 'medium',
      confidence: 'likely',
      threats: ['feeder'],
      cwe: 'CWE-789',
      rationale: `
The length is known before the bytes are, and decides how much memory the destination prepares. A
device with the most queues that virtio allows fits into a third of 16 MiB. The driver refuses what
a device cannot count; a site can refuse much earlier.`,
      advice: 'Cap record_size by what a device context can need, before allocating for it.',
      sources: [`${MIGRATE}: virtiovf_resume_read_header(), MAX_LOAD_SIZE (ENOMEM)`],
      bad: [{ ...context(), record_size: LARGEST_CONTEXT + 1n }],
    },
    perUnit(function* (record) {
      const size = numberAt(record, 'record_size');
      if (size === undefined || size <= LARGEST_CONTEXT || !hasTag(record, 'DEVICE_DATA')) return;
      yield {
        field: child(record, 'record_size'),
        message: `record_size of a device context is ${size}`,
        expected: `at most ${LARGEST_CONTEXT}`,
      };
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-device-features-changed',
      title: 'Two contexts of one state offer different features',
      severity: 'high',
      confidence: 'likely',
      threats: ['wrong-device', 'feeder'],
      rationale: `
Each round of PRE_COPY sends the whole context again, and what a device offers does not change while
it lives. Contexts that differ come from two devices, or one of them was changed on the way.`,
      advice: 'Compare the features of each context with those of the first.',
      sources: [PARTS],
      bad: [context(), context(parts({ offered: deviceFeatures(0x41_0000_0020n) }))],
    },
    () => {
      let first: bigint | undefined;
      return {
        *unit(record) {
          const offered = offeredBits(record);
          if (first === undefined || offered === undefined) first ??= offered;
          else if (offered !== first) {
            yield {
              field: child(record, 'data'),
              message: `this context offers 0x${offered.toString(16)}, the first 0x${first.toString(16)}`,
            };
          }
        },
      };
    },
  ),
];

import type { Draft } from '../layout/draft.ts';
import { child, numberAt, type Node } from '../layout/node.ts';
import type { Breach, Invariant, InvariantWatcher } from './format.ts';
import {
  hasTag,
  hasUnknownTag,
  isOptional,
  LARGEST_RECORD,
  recordInvariants,
} from './tagged-records.ts';

const MAIN = 'linux drivers/vfio/pci/mlx5/main.c';

const image = (data: Uint8Array): Draft => ({ tag: 'FW_DATA', data });

const sizeRecord = (bytes: bigint): Draft => ({
  flags: 1n,
  tag: 'STOP_COPY_SIZE',
  data: { stop_copy_size: bytes },
});

const firmware = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);
const sound: readonly Draft[] = [sizeRecord(0x1000n), image(firmware)];

/** A save as the driver writes it: the size record, and one image. */
export const mlx5Sample: Draft = sound;

type Check = Omit<Invariant, 'cwe' | 'examples' | 'watch'> & {
  readonly cwe?: string;
  readonly bad: Draft;
  readonly watch: () => InvariantWatcher;
};

const invariant = ({ bad, cwe = 'CWE-1288', ...given }: Check): Invariant => ({
  cwe,
  ...given,
  examples: () => ({ good: [sound], bad: [bad] }),
});

const preparedOf = (record: Node): bigint | undefined =>
  hasTag(record, 'STOP_COPY_SIZE') ? numberAt(record, 'data.stop_copy_size') : undefined;

const images: readonly Invariant[] = [
  invariant({
    id: 'mlx5-image-missing',
    title: 'State without a firmware image',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    rationale: `
Only a FW_DATA record carries state. A stream without one leaves the destination's device as it was
reset, while everything before and after it looks like a migration that worked. A restore path should
not leave RESUMING before at least one image was loaded.`,
    advice: 'Refuse to leave RESUMING unless an image was loaded in this session.',
    sources: [`${MAIN}: mlx5vf_resume_write(), MLX5_VF_LOAD_STATE_LOAD_IMAGE`],
    bad: [sizeRecord(0x1000n)],
    watch: () => {
      let found = false;
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last record.
        *unit(record) {
          found ||= hasTag(record, 'FW_DATA');
        },
        *state({ units }): Generator<Breach> {
          if (found || units === 0) return;
          yield { message: `none of the ${units} records is a firmware image` };
        },
      };
    },
  }),
  invariant({
    id: 'mlx5-image-empty',
    title: 'Firmware image without a byte',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    rationale: `
No firmware saves an image of no bytes. The driver refuses to load one for which nothing was
prepared; a restore path should refuse it whatever was prepared, and at once, so that the outcome
does not depend on how the stream is cut into writes.`,
    advice: 'Refuse a FW_DATA record of size 0 when its header has been read.',
    sources: ['linux drivers/vfio/pci/mlx5/cmd.c: mlx5vf_cmd_load_vhca_state() (EINVAL)'],
    bad: [sizeRecord(0x1000n), image(new Uint8Array(0)), image(firmware)],
    watch: () => ({
      *unit(record) {
        if (!hasTag(record, 'FW_DATA') || numberAt(record, 'record_size') !== 0n) return;
        yield { field: child(record, 'record_size'), message: 'the firmware image has no bytes' };
      },
    }),
  }),
  invariant({
    id: 'mlx5-headerless-image',
    title: 'State of the time before record headers',
    severity: 'high',
    confidence: 'likely',
    threats: ['version', 'wrong-device'],
    rationale: `
The first sixteen bytes are no record header: length, flags and tag are all outside what any driver
wrote. Linux 5.18 to 6.1 wrote one firmware image without a header, which today's driver cannot tell
from damage; and the state of another device looks the same.`,
    advice: 'Migrate such a guest between hosts of that age, or shut it down.',
    sources: [
      `${MAIN}: mlx5vf_resume_read_header()`,
      'linux 6.2: vfio/mlx5 introduced the migration header',
    ],
    bad: [Uint8Array.from({ length: 64 }, (_, index) => (index * 151 + 77) & 0xff)],
    watch: () => {
      let first = true;
      return {
        *unit(record) {
          if (!first) return;
          first = false;
          const size = numberAt(record, 'record_size') ?? 0n;
          const flags = numberAt(record, 'flags') ?? 0n;
          const wrong = [size > LARGEST_RECORD, flags > 1n, hasUnknownTag(record)];
          if (wrong.includes(false)) return;
          yield { field: record, message: 'the state does not begin with a record header' };
        },
      };
    },
  }),
];

const sizes: readonly Invariant[] = [
  invariant({
    id: 'mlx5-stop-copy-size-past-ceiling',
    title: 'Size record asks for more than an image can have',
    severity: 'high',
    threats: ['feeder', 'corruption'],
    cwe: 'CWE-789',
    rationale: `
The value decides how much memory is prepared before the image arrives. An image has at most
2^32 − 1 bytes, because the firmware command counts in 32 bits; the driver cuts a larger value to
that. No source writes one, and preparing 4 GiB for it helps only whoever made it up.`,
    advice:
      'Refuse a value beyond the largest image, and cap what is prepared by what the host allows.',
    sources: [`${MAIN}: mlx5vf_resume_read_header_data(), MAX_LOAD_SIZE`],
    bad: [sizeRecord(1n << 32n), image(firmware)],
    watch: () => ({
      *unit(record) {
        const prepared = preparedOf(record);
        if (prepared === undefined || prepared <= LARGEST_RECORD) return;
        yield {
          field: child(record, 'data.stop_copy_size'),
          message: `stop_copy_size is ${prepared}, but an image has at most ${LARGEST_RECORD} bytes`,
          expected: `at most ${LARGEST_RECORD}`,
        };
      },
    }),
  }),
  invariant({
    id: 'mlx5-stop-copy-size-repeated',
    title: 'Size record stands twice',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    rationale: `
A save begins with one size record. The last one wins, so a second can undo what was checked of the
first, or shows that two saves were joined.`,
    advice: 'Refuse a second size record in one session.',
    sources: [`${MAIN}: mlx5vf_add_stop_copy_header(), mlx5vf_resume_read_header_data()`],
    bad: [sizeRecord(0x1000n), ...sound],
    watch: () => {
      let found = 0;
      return {
        *unit(record) {
          if (!hasTag(record, 'STOP_COPY_SIZE')) return;
          found += 1;
          if (found === 1) return;
          yield { field: child(record, 'tag'), message: `this is size record number ${found}` };
        },
      };
    },
  }),
  invariant({
    id: 'mlx5-stop-copy-size-late',
    title: 'Size record comes after an image',
    severity: 'high',
    threats: ['corruption', 'feeder'],
    rationale: `
The size record is there so that memory is ready before the first image. Behind one it says nothing
to the image that it was written for; the records were reordered.`,
    advice: 'Refuse a size record behind the first image.',
    sources: [`${MAIN}: mlx5vf_prep_stop_copy()`],
    bad: [image(firmware), sizeRecord(0x1000n)],
    watch: () => {
      let imageSeen = false;
      let sizeSeen = false;
      return {
        *unit(record) {
          if (hasTag(record, 'FW_DATA')) imageSeen = true;
          if (!hasTag(record, 'STOP_COPY_SIZE')) return;
          if (imageSeen && !sizeSeen) {
            yield { field: child(record, 'tag'), message: 'the size record follows an image' };
          }
          sizeSeen = true;
        },
      };
    },
  }),
  invariant({
    id: 'mlx5-stop-copy-size-far-above-images',
    title: 'Size record asks for far more than the images have',
    severity: 'low',
    confidence: 'possible',
    threats: ['feeder'],
    cwe: 'CWE-789',
    rationale: `
The value is an estimate and may be generous. More than 64 MiB, and more than sixteen times what all
images have together, is worth a look: a few bytes made the destination prepare much memory.`,
    advice: 'Prepare memory as the image arrives, when the hint is out of proportion.',
    sources: [`${MAIN}: mlx5vf_resume_read_header_data(), MAX_LOAD_SIZE`],
    bad: [sizeRecord(1n << 30n), image(firmware)],
    watch: () => {
      let prepared = 0n;
      let sent = 0n;
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last record.
        *unit(record) {
          const asked = preparedOf(record) ?? 0n;
          if (asked > prepared) prepared = asked;
          if (hasTag(record, 'FW_DATA')) sent += BigInt(child(record, 'data')?.length ?? 0);
        },
        *state(): Generator<Breach> {
          if (prepared <= 1n << 26n || prepared <= 16n * sent) return;
          yield { message: `memory for ${prepared} bytes is asked for, ${sent} bytes were sent` };
        },
      };
    },
  }),
  invariant({
    id: 'mlx5-flags-contradict-tag',
    title: 'Record is optional where the driver writes it as mandatory, or the other way',
    severity: 'low',
    threats: ['corruption'],
    rationale: `
Images are written as mandatory and size records as optional, so that a reader that does not know
size records still finds its images. A reader that goes by the bit would pass over this image, or
refuse this size record.`,
    advice: 'Refuse an image that is marked as optional.',
    sources: [`${MAIN}: mlx5vf_resume_read_header()`],
    bad: [sizeRecord(0x1000n), { flags: 1n, tag: 'FW_DATA', data: firmware }],
    watch: () => ({
      *unit(record) {
        const optional = isOptional(record);
        const wrong = optional ? hasTag(record, 'FW_DATA') : hasTag(record, 'STOP_COPY_SIZE');
        if (!wrong) return;
        yield {
          field: child(record, 'flags'),
          against: child(record, 'tag'),
          message: optional ? 'the image is optional' : 'the size record is mandatory',
        };
      },
    }),
  }),
];

export const mlx5Invariants: readonly Invariant[] = [
  ...recordInvariants({ id: 'mlx5', source: `${MAIN}: mlx5vf_resume_read_header()`, sound }),
  ...images,
  ...sizes,
];

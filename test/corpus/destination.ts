import { writeQemu } from '../../src/container/qemu/write.ts';
import contradiction from '../../src/rules/format-contradicts-pci-id.ts';
import type { Streams } from './edit.ts';
import { hisiAccStreams } from './hisi-acc.ts';
import { mttyStreams } from './mtty.ts';
import { qatStreams } from './qat.ts';

const sound = mttyStreams['one-port.bin']!;

/** The bad example of the rule: the state of a serial card beside the config space of a NIC. */
const otherDevice = contradiction
  .examples()
  .bad.flatMap((example) =>
    'container' in example && example.container === 'qemu' && 'draft' in example
      ? [writeQemu(example.draft)]
      : [],
  );

/** Sound states, each for another destination than the one that its entry names. */
export const destinationStreams: Streams = {
  'fits.bin': sound,
  'ports-differ.bin': sound,
  'minor-version-not-taken.bin': sound,
  'driver-of-another-format.bin': sound,
  'format-of-another-device.bin': sound,
  'format-that-the-site-denies.bin': sound,
  'unsealed-where-signers-are-required.bin': sound,
  'larger-than-the-destination-takes.bin': sound,
  'field-that-no-state-has.bin': sound,
  'capability-that-the-destination-lacks.bin': qatStreams['image.bin']!,
  'capability-that-the-destination-has.bin': qatStreams['image.bin']!,
  'queue-outside-guest-memory.bin': hisiAccStreams['second-magic.bin']!,
  'queue-inside-guest-memory.bin': hisiAccStreams['second-magic.bin']!,
  'state-beside-config-space-of-another-device.bin': otherDevice[0]!,
};

import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'libvirt-reserved-not-zero',
  title: 'Bytes of a save image that must be zero are not',
  severity: 'low',

  threats: ['corruption', 'exposure'],
  cwe: 'CWE-1286',
  applies: { to: 'container', events: ['libvirt-header', 'libvirt-text'] },
  rationale: `
The unused words of the header and the padding behind the XML are written as zeros and ignored by libvirt.
Here they hold something: the remains of what stood in the file or the buffer before, or data that is to
travel unseen.`,
  advice: 'Write zeros, and refuse anything else.',
  sources: ['libvirt src/qemu/qemu_saveimage.c: virQEMUSaveDataWrite()'],
  examples: () => ({
    good: [libvirtExample({})],
    bad: [libvirtExample({ unused: [7] })],
  }),
  watch: () => ({
    kinds: ['libvirt-header', 'libvirt-text'],
    *event(event) {
      if (event.kind === 'libvirt-header' && !event.unusedZero) {
        yield {
          message: 'unused words of the header are not 0',
          at: [place('unused', event.offset + 36, 56)],
        };
      }
      if (event.kind === 'libvirt-text' && event.part === 'padding' && !event.terminated) {
        yield {
          message: `the padding of ${event.length} bytes is not all 0`,
          at: [place('padding', event.offset, event.length)],
        };
      }
    },
  }),
});

import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'libvirt-lengths-inconsistent',
  title: 'The lengths in the header of a save image contradict each other',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  applies: { to: 'container', events: ['libvirt-header'] },
  rationale: `
data_len says how many bytes of XML, cookie and padding follow the header, and cookieOffset where in them
the cookie begins. libvirt allocates data_len as it stands, up to 4 GiB, and subtracts cookieOffset from
it without a check: an offset behind the end makes a length that wraps, and the allocation ends the
daemon.`,
  advice: 'Check each length against the file and the others before allocating.',
  sources: ['libvirt src/qemu/qemu_saveimage.c: qemuSaveImageOpen()'],
  examples: () => ({
    good: [libvirtExample({ cookie: '<cookie/>\0' })],
    bad: [libvirtExample({ cookieOffset: 1 << 20 })],
  }),
  watch: () => ({
    kinds: ['libvirt-header'],
    *event(event) {
      if (event.kind !== 'libvirt-header') return;
      const { dataLength, cookieOffset } = event;
      if (dataLength > 0 && cookieOffset < dataLength) return;
      yield {
        message: `data_len is ${dataLength} and cookieOffset ${cookieOffset}`,
        expected: 'cookieOffset below data_len, and data_len above 0',
        at: [place('data_len', event.offset + 20, 4), place('cookieOffset', event.offset + 32, 4)],
      };
    },
  }),
});

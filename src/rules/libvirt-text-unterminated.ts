import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'libvirt-text-unterminated',
  title: 'A text of a save image does not end where it must',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-170',
  applies: { to: 'container', events: ['libvirt-text'] },
  rationale: `
Domain XML and cookie are strings that a NUL ends. In the bytes that belong to this one there is none. libvirt
hands the buffer to its XML parser as a string and does not look for the NUL, so the parser reads on
behind the buffer.`,
  advice: 'Require the NUL inside the length before the text is used.',
  sources: ['libvirt src/qemu/qemu_saveimage.c: qemuSaveImageOpen()'],
  examples: () => ({
    good: [libvirtExample({})],
    bad: [libvirtExample({ xml: '<domain/>', padding: new Uint8Array(0) })],
  }),
  watch: () => ({
    kinds: ['libvirt-text'],
    *event(event) {
      if (event.kind !== 'libvirt-text' || event.part === 'padding' || event.terminated) return;
      yield {
        message: `no NUL ends the ${event.part === 'domain' ? 'domain XML' : 'cookie'}`,
        at: [place(event.part, event.offset, event.length)],
      };
    },
  }),
});

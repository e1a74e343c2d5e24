import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'libvirt-format-unknown',
  title: 'The payload is of a kind that libvirt does not know',
  severity: 'high',

  threats: ['version', 'feeder'],
  cwe: 'CWE-1287',
  applies: { to: 'container', events: ['libvirt-header'] },
  rationale: `
The header says how the QEMU stream is compressed, and this number belongs to no kind. libvirt refuses it.
The stream was not checked further than its first bytes allow.`,
  advice: 'Refuse kinds that you do not know.',
  sources: ['libvirt src/qemu/qemu_saveimage.c: virQEMUSaveFormat'],
  examples: () => ({
    good: [libvirtExample({})],
    bad: [libvirtExample({ format: 9 })],
  }),
  watch: () => ({
    kinds: ['libvirt-header'],
    *event(event) {
      if (event.kind !== 'libvirt-header' || event.formatName !== 'unknown') return;
      yield {
        message: `the kind of the payload is ${event.format}`,
        expected: '0 to 6',
        at: [place('format', event.offset + 28, 4)],
      };
    },
  }),
});

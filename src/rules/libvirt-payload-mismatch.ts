import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'libvirt-payload-mismatch',
  title: 'The payload is not what the header says',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1287',
  applies: { to: 'container', events: ['libvirt-payload'] },
  rationale: `
The header names the kind of the payload, and the bytes at its place begin otherwise. libvirt gives them to
the decompressor or to QEMU, which refuses them after the domain has been started for loading.`,
  advice: 'Compare the first bytes of the payload with the kind before starting anything.',
  sources: ['libvirt src/qemu/qemu_saveimage.c: qemuSaveImageStartVM()'],
  examples: () => ({
    good: [libvirtExample({})],
    bad: [libvirtExample({ format: 1 })],
  }),
  watch: () => ({
    kinds: ['libvirt-payload'],
    *event(event) {
      if (event.kind !== 'libvirt-payload' || event.matches) return;
      yield {
        message: `the payload does not begin like ${event.formatName}`,
        at: [place('payload', event.offset)],
      };
    },
  }),
});

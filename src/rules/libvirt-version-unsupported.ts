import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'libvirt-version-unsupported',
  title: 'The save image is of a version that libvirt does not read',
  severity: 'high',

  threats: ['version', 'corruption'],
  cwe: 'CWE-1286',
  applies: { to: 'container', events: ['libvirt-header'] },
  rationale: `
Save images are of version 2, and 1 before 2007. libvirt reads the number in both byte orders and refuses an
image that is larger in both.`,
  advice: 'Refuse versions that you do not know.',
  sources: ['libvirt src/qemu/qemu_saveimage.c: qemuSaveImageOpen()'],
  examples: () => ({
    good: [libvirtExample({})],
    bad: [libvirtExample({ version: 3 })],
  }),
  watch: () => ({
    kinds: ['libvirt-header'],
    *event(event) {
      if (event.kind !== 'libvirt-header' || event.version === 1 || event.version === 2) return;
      yield {
        message: `the version of the image is ${event.version}`,
        expected: '2',
        at: [place('version', event.offset + 16, 4)],
      };
    },
  }),
});

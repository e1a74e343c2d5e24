import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'libvirt-image-incomplete',
  title: 'The save image was never finished',
  severity: 'high',

  threats: ['corruption'],
  cwe: 'CWE-1286',
  applies: { to: 'container', events: ['libvirt-header'] },
  rationale: `
libvirt writes its magic with the word Part and changes it to Save when everything is on disk. This image
still has Part, or another magic: saving was interrupted, and the stream ends somewhere. libvirt refuses
it; a tool that passes the stream on without looking at the header restores half a guest.`,
  advice: 'Refuse an image whose magic is not the complete one.',
  sources: ['libvirt src/qemu/qemu_saveimage.c: qemuSaveImageOpen()'],
  examples: () => ({
    good: [libvirtExample({})],
    bad: [libvirtExample({ magic: 'LibvirtQemudPart' })],
  }),
  watch: () => ({
    kinds: ['libvirt-header'],
    *event(event) {
      if (event.kind !== 'libvirt-header' || event.magic === 'complete') return;
      yield {
        message:
          event.magic === 'partial'
            ? 'the magic is that of an image that is being written'
            : 'the magic is not that of a save image',
        expected: 'LibvirtQemudSave',
        at: [place('magic', event.offset, 16)],
      };
    },
  }),
});

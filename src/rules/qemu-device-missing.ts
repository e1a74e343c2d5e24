import { place } from '../container/location.ts';
import { sectionName, sectionPrefix } from '../container/qemu/describe.ts';
import { changed, sound } from './container-examples.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'qemu-device-missing',
  title: 'The destination has a device that the stream says nothing about',
  severity: 'high',

  threats: ['wrong-device', 'corruption'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: [sectionPrefix] },
  rationale: `
QEMU loads whatever sections a stream has and never asks whether each of its devices was among them. A
device without a section keeps its reset state under a guest that left it in another; a VFIO device
stays in RESUMING and fails when the guest starts. QEMU takes such a stream and reports success.`,
  advice: 'Require a section for each device that is registered.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_main()'],
  examples: () => ({
    good: [{ ...sound, expect: { 'qemu.section.timer#0': 'version=2' } }],
    bad: [{ ...changed({ timer: [] }), expect: { 'qemu.section.timer#0': 'version=2' } }],
  }),
  watch: ({ expect }) => {
    const open = new Set(
      Object.keys(expect)
        .filter((key) => key.startsWith(sectionPrefix))
        .map((key) => key.slice(sectionPrefix.length)),
    );
    let damaged = false;
    let end = 0;
    return {
      kinds: ['eof', 'fault', 'section'],
      event(event) {
        if (event.kind === 'section' && event.section.known) {
          open.delete(sectionName(event.section.idstr, event.section.instance));
        } else if (event.kind === 'fault' && !event.code.startsWith('vmdesc')) damaged = true;
        else if (event.kind === 'eof') end = event.offset;
        return [];
      },
      *end() {
        // What a damaged stream lacks may be behind the damage, which has its own finding.
        if (damaged) return;
        for (const name of open) {
          yield {
            message: `no section of the stream is for ${JSON.stringify(name)}`,
            at: [place('stream', end)],
          };
        }
      },
    };
  },
});

import { place } from '../container/location.ts';
import { changed, sound } from './container-examples.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'qemu-trailing-bytes',
  title: 'Bytes behind the end of the stream',
  severity: 'low',

  threats: ['corruption', 'exposure'],
  cwe: 'CWE-1286',
  applies: { to: 'container', events: ['eof'] },
  rationale: `
Nothing belongs behind the description. No loader looks there, so the bytes do no harm on loading; they
are what an interrupted copy or a longer old file leaves behind, and a place where data can leave a host
unseen. Zeros alone are the padding of a VM state area and are not reported.`,
  advice: 'Write a stream into a file of its own.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state()'],
  examples: () => ({
    good: [sound, changed({ behind: [{ item: 'bytes', bytes: new Uint8Array(16) }] })],
    bad: [changed({ behind: [{ item: 'bytes', bytes: new Uint8Array(16).fill(0x41) }] })],
  }),
  watch: () => ({
    kinds: ['trailing'],
    *event(event) {
      if (event.kind !== 'trailing' || event.zero) return;
      yield {
        message: `${event.length} bytes follow the end of the stream`,
        at: [place('stream', event.offset, event.length)],
      };
    },
  }),
});

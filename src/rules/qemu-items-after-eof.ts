import { containerFault } from './container-fault.ts';
import { changed, parts, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-items-after-eof',
  title: 'Sections stand behind the EOF item',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'items-after-eof',
  over: ['eof'],
  rationale: `
A loader stops at EOF and reports success whatever follows, so sections behind it are never loaded
and their devices keep the state that they had. One byte that turns to zero at the start of an item
is enough. QEMU takes such a stream.`,
  advice: 'Require that nothing but the description follows EOF, and that every device was loaded.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_main() returns 0 at QEMU_VM_EOF'],
  examples: () => ({
    good: [sound],
    bad: [changed({ timer: [{ item: 'eof' }, ...parts.timer] })],
  }),
  say: () => ({
    message: 'items go on behind the EOF item, and no loader reads them',
    expected: 'the end of the stream',
  }),
});

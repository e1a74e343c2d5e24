import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-item-unknown',
  title: 'A byte that begins no item of a stream',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'unknown-item',
  over: ['header'],
  rationale: `
Where a section, command or EOF must begin stands a byte that is no type of any. QEMU refuses the
stream here, after everything before it has been applied. Mostly the item before it was longer or
shorter than its reader believed, so what was applied last is in doubt too.`,
  advice: 'Refuse the stream, and treat the state loaded so far as spoilt.',
  sources: ['qemu migration/savevm.c: qemu_loadvm_state_main()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ switchover: [{ item: 'bytes', bytes: Uint8Array.of(0x55) }] })],
  }),
  say: ({ got, wanted }) => ({
    message: `${shownValue(got)} stands where an item must begin`,
    expected: shownValue(wanted),
  }),
});

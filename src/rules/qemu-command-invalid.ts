import { containerFault, shownValue } from './container-fault.ts';
import { changed, sound } from './container-examples.ts';
export default containerFault({
  id: 'qemu-command-invalid',
  title: 'A command that no QEMU takes',
  severity: 'high',

  threats: ['corruption', 'feeder', 'version'],
  cwe: 'CWE-1286',
  code: 'command-invalid',
  over: ['command'],
  rationale: `
A command has a number, a payload length that belongs to the number, and for some a payload with a
structure. QEMU refuses an unknown number or a wrong length; commands act on the loading process
itself, so a reader that guesses has more to lose than one device.`,
  advice:
    'Refuse unknown commands and wrong payload lengths before acting on any part of the payload.',
  sources: [
    'qemu migration/savevm.c: loadvm_process_command()',
    'qemu migration/savevm.c: mig_cmd_args',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ switchover: [{ item: 'command', command: 99 }] })],
  }),
  say: ({ got, wanted }) => ({
    message: `${shownValue(got)} is not valid`,
    expected: shownValue(wanted),
  }),
});

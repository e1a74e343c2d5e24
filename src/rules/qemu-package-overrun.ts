import { containerFault } from './container-fault.ts';
import { changed, parts } from './container-examples.ts';
export default containerFault({
  id: 'qemu-package-overrun',
  title: 'A package holds less than its items need',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  code: 'package-overrun',
  over: ['command'],
  rationale: `
PACKAGED announces how many bytes belong to it, and an item inside goes on past them. A loader reads
the package into a buffer of that length first, up to 4 GiB, and fails in its middle, when part of
the devices have been loaded.`,
  advice:
    'Bound the length before allocating, and refuse items that cross the end of their package.',
  sources: ['qemu migration/savevm.c: loadvm_handle_cmd_packaged()'],
  examples: () => ({
    good: [changed({ timer: [{ item: 'command', command: 'PACKAGED', items: parts.timer }] })],
    bad: [
      changed({
        timer: [{ item: 'command', command: 'PACKAGED', items: parts.timer, packaged: 20 }],
      }),
    ],
  }),
  say: () => ({
    message: 'an item goes on past the end of its package',
    expected: 'a package that holds its items',
  }),
});

import { changed, sound } from './container-examples.ts';
import type { QemuItem } from '../container/qemu/write.ts';
import { place } from '../container/location.ts';
import { defineRule } from './rule.ts';

/** Commands that a loader takes only when one of others has come before; each may come again. */
const needed: Readonly<Record<string, string>> = {
  PING: 'OPEN_RETURN_PATH',
  POSTCOPY_RAM_DISCARD: 'POSTCOPY_ADVISE',
  POSTCOPY_LISTEN: 'POSTCOPY_ADVISE',
  POSTCOPY_RUN: 'POSTCOPY_LISTEN',
};
/** Commands behind which a loader does not take the one that is named. */
const over: Readonly<Record<string, readonly string[]>> = {
  POSTCOPY_ADVISE: ['POSTCOPY_ADVISE'],
  POSTCOPY_RAM_DISCARD: ['POSTCOPY_LISTEN'],
  POSTCOPY_LISTEN: ['POSTCOPY_LISTEN'],
  POSTCOPY_RUN: ['POSTCOPY_RUN'],
};

const command = (name: string): QemuItem => ({ item: 'command', command: name });
const advised = [
  command('OPEN_RETURN_PATH'),
  { item: 'command', command: 'PING', payload: new Uint8Array(4) },
  { item: 'command', command: 'POSTCOPY_ADVISE', payload: new Uint8Array(0) },
] as const satisfies readonly QemuItem[];

export default defineRule({
  id: 'qemu-command-out-of-order',
  title: 'A command comes where no loader takes it',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-841',
  applies: { to: 'container', events: ['command'] },
  rationale: `
Commands move the loading process from one state to another. QEMU refuses PING before the return path is
open, the commands of postcopy before it was advised, RUN before LISTEN, and most of them a second
time. A loader that took them would run a guest whose memory is not there.`,
  advice: 'Keep the state of the loader, and refuse a command that does not belong to it.',
  sources: [
    'qemu migration/savevm.c: loadvm_process_command()',
    'qemu migration/savevm.c: loadvm_postcopy_handle_advise(), loadvm_postcopy_handle_listen(), loadvm_postcopy_handle_run()',
  ],
  examples: () => ({
    good: [
      sound,
      changed({
        ramPart: [...advised, command('POSTCOPY_LISTEN'), command('POSTCOPY_RUN')],
      }),
    ],
    bad: [
      changed({ ramPart: advised.slice(1) }),
      changed({ ramPart: [...advised, command('POSTCOPY_RUN')] }),
      changed({ ramPart: [...advised, ...advised] }),
    ],
  }),
  watch: () => {
    const seen = new Set<string>();
    return {
      kinds: ['command'],
      *event(event) {
        if (event.kind !== 'command') return;
        const { name, offset, length } = event;
        const before = needed[name];
        const past = over[name]?.find((other) => seen.has(other));
        seen.add(name);
        if (past === undefined && (before === undefined || seen.has(before))) return;
        yield {
          message:
            past === undefined ? `${name} comes before ${before}` : `${name} comes behind ${past}`,
          ...(past === undefined ? { expected: before ?? '' } : {}),
          at: [place(name, offset, length)],
        };
      },
    };
  },
});

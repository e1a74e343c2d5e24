import { defineOracle } from './oracle.ts';
import { canaryIn, leftoverIn } from './leftovers.ts';

export const laterSaveDiffers = defineOracle({
  id: 'later-save-differs',
  title: 'What a device saves depends on what was restored into it before',
  severity: 'high',
  confidence: 'certain',
  threats: ['corruption', 'exposure'],
  cwe: 'CWE-459',
  aboutSessions: true,
  needs: ['session', 'save'],
  rationale: `
A state was restored into a device that had a history, and it saves something else than a new
device does behind the same state: something was added up instead of set, or was not set at all. A
restore must replace the whole state of the device.`,
  judge: (subject) => {
    const leftover = leftoverIn(subject);
    if (leftover === undefined || canaryIn(leftover) !== undefined) return undefined;
    const { at, save, reference, earlier } = leftover;
    return {
      message: `byte ${at} of the save is ${save.bytes[at] ?? 'missing'}, but a new device saves ${reference[at] ?? 'nothing'} there`,
      expected: 'what a new device saves behind the same state',
      bucket: earlier.every(({ loaded }) => loaded)
        ? 'behind a loaded state'
        : 'behind a refused state',
      step: save.step,
    };
  },
});

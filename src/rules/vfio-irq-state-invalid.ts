import { pciVersionLength } from '../container/qemu/pci-config.ts';
import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { word } from './vfio-config-word.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-irq-state-invalid',
  title: 'An interrupt line is neither off nor on',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1284',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
Behind the config space stand the levels of the four interrupt lines, each 0 or 1. QEMU refuses any other
value, after the device state has been written. A loader that counts levels keeps an interrupt asserted
for ever.`,
  advice: 'Refuse levels other than 0 and 1.',
  sources: ['qemu hw/pci/pci.c: get_pci_irq_state()'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        full: [
          vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: { irq: [2, 0, 0, 0] } }, endOfState]),
        ],
      }),
    ],
  }),
  watch: () => ({
    kinds: ['device-config'],
    *event(event) {
      if (event.kind !== 'device-config') return;
      if (event.space === undefined) return;
      for (let line = 0; line < 4; line += 1) {
        const at = pciVersionLength + event.space + line * 4;
        const level = word(event, at);
        if (level <= 1) continue;
        yield {
          message: `the level of interrupt line ${line} is ${level}`,
          expected: '0 or 1',
          at: [inSection(event.section, event.offset + at, 4)],
        };
      }
    },
  }),
});

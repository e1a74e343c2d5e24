import { changed, endOfState, sound, vfio } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'vfio-interrupt-pin-undefined',
  title: 'An interrupt pin beyond INTD',
  severity: 'low',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1284',
  applies: { to: 'container', events: ['device-config'] },
  rationale: `
The interrupt pin of a config space is 0 for none and 1 to 4 for INTA to INTD. QEMU takes any value,
because the register is not compared; code that indexes a table of four lines with it reads past the
table.`,
  advice: 'Refuse pins above 4.',
  sources: ['PCI Local Bus Specification 3.0, 6.2.4'],
  examples: () => ({
    good: [sound],
    bad: [
      changed({
        full: [
          vfio('full', [
            { vfio: 'DEV_CONFIG_STATE', config: { registers: { 0x3d: [5] } } },
            endOfState,
          ]),
        ],
      }),
    ],
  }),
  watch: () => ({
    kinds: ['device-config'],
    *event(event) {
      if (event.kind !== 'device-config') return;
      if (event.space === undefined) return;
      const pin = event.bytes[4 + 0x3d] ?? 0;
      if (pin <= 4) return;
      yield {
        message: `the interrupt pin is ${pin}`,
        expected: '0 to 4',
        at: [inSection(event.section, event.offset + 4 + 0x3d, 1)],
      };
    },
  }),
});

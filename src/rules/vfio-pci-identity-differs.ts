import {
  devicePrefix,
  identityParts,
  pciIdentity,
  sectionName,
} from '../container/qemu/describe.ts';
import { changed, endOfState, sound, vfio, vfioName } from './container-examples.ts';
import { inSection } from './container-place.ts';
import { defineRule } from './rule.ts';

const identity = 'pci=4348:3253:10:070002:00:0:00:100000:';

const bare = (part: string): string => (part === '' ? 'none' : part.replace(/^pci=/u, ''));

/** A BAR that the destination's device does not have reads as type 0, and QEMU compares nothing of it. */
const sameBars = (wanted: string, got: string): boolean =>
  Array.from(wanted).every((type, bar) => type === '0' || type === '-' || type === got[bar]);

export default defineRule({
  id: 'vfio-pci-identity-differs',
  title: 'The config space is that of another PCI device',
  severity: 'high',

  threats: ['wrong-device'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: [devicePrefix] },
  rationale: `
Vendor, device, revision, class, header type, BAR types and the capability list are bits of config space
that a guest cannot change, so they are the identity of the device. QEMU compares them with the device
of the destination and refuses a difference, but only in the last section of the device: by then all of
its state has been written into the wrong one.`,
  advice: 'Compare the identity of the device before any of its state is applied.',
  sources: ['qemu hw/pci/pci.c: get_pci_config_device()'],
  examples: () => ({
    good: [{ ...sound, expect: { [`qemu.device.${vfioName}#0`]: identity } }],
    bad: [
      {
        ...changed({
          full: [
            vfio('full', [{ vfio: 'DEV_CONFIG_STATE', config: { revision: 0x11 } }, endOfState]),
          ],
        }),
        expect: { [`qemu.device.${vfioName}#0`]: identity },
      },
    ],
  }),
  watch: ({ expect }) => ({
    kinds: ['device-config'],
    *event(event) {
      if (event.kind !== 'device-config') return;
      const { idstr, instance } = event.section;
      const wanted = expect[devicePrefix + sectionName(idstr, instance)]?.split(':');
      const got = pciIdentity(event)?.split(':');
      if (wanted === undefined || got === undefined) return;
      for (const [index, part] of identityParts.entries()) {
        const [a = '', b = ''] = [wanted[index], got[index]];
        if (part === 'BAR types' ? sameBars(a, b) : a === b) continue;
        yield {
          message: `${part} of the config space is ${bare(b)}`,
          expected: bare(a),
          at: [inSection(event.section, event.offset, event.length)],
        };
      }
    },
  }),
});

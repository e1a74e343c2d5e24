import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

/** The guest address of a device on bus 0; behind bridges there are more slots in the name. */
const onBus0 = /^[0-9a-f]{4}:00:[0-9a-f]{2}\.[0-7]\/vfio$/u;

const mdevAt = (slot: string): string =>
  "<domain type='kvm'><devices><hostdev mode='subsystem' type='mdev' model='vfio-pci'>" +
  "<source><address uuid='c9f0a2be-6d0d-4a76-9c5a-3a5b0f6f2f11'/></source>" +
  `<address type='pci' domain='0x0000' bus='0x00' slot='${slot}' function='0x0'/>` +
  '</hostdev></devices></domain>\0';

export default defineRule({
  id: 'libvirt-device-unexpected',
  title: 'The stream holds the state of a device that the domain does not have',
  severity: 'low',

  threats: ['wrong-device', 'feeder'],
  cwe: 'CWE-1288',
  applies: { to: 'container', events: ['libvirt-text'] },
  rationale: `
The stream has a VFIO section for a guest address, and no host device, mdev or virtual function of the domain
XML has that address. Either the XML was edited after saving, or a section was put in. QEMU refuses a section
that it has no device for, after the domain has been started. Devices behind bridges have other names and are
not compared, nor are domains that give arguments to QEMU themselves.`,
  advice: 'Require a host device of the domain for each VFIO section on bus 0.',
  sources: ['libvirt src/qemu/qemu_command.c', 'qemu hw/pci/pci.c: pcibus_get_dev_path()'],
  examples: () => ({
    good: [libvirtExample({ xml: mdevAt('0x02') })],
    bad: [libvirtExample({ xml: mdevAt('0x05') })],
  }),
  watch: () => {
    let known: ReadonlySet<string> | undefined;
    return {
      kinds: ['device-open', 'libvirt-text'],
      *event(event) {
        if (event.kind === 'libvirt-text' && event.part === 'domain') {
          if (event.complete) known = new Set(event.devices);
        } else if (event.kind === 'device-open' && known !== undefined) {
          const { name, offset } = event;
          if (!onBus0.test(name) || known.has(name)) return;
          yield {
            message: `the stream has ${name}, and the domain has no host device at ${name.slice(0, -5)}`,
            at: [place('section', offset)],
          };
        }
      },
    };
  },
});

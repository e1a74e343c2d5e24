import { place } from '../container/location.ts';
import { libvirtExample } from './libvirt-example.ts';
import { defineRule } from './rule.ts';

const hostdev = (slot: string): string =>
  "<domain type='kvm'><devices><hostdev mode='subsystem' type='pci' managed='yes'>" +
  "<source><address domain='0x0000' bus='0x3b' slot='0x00' function='0x1'/></source>" +
  `<address type='pci' domain='0x0000' bus='0x00' slot='${slot}' function='0x0'/>` +
  '</hostdev></devices></domain>\0';

export default defineRule({
  id: 'libvirt-device-missing',
  title: 'A host device of the domain has no section in the stream',
  severity: 'low',

  threats: ['wrong-device', 'corruption'],
  cwe: 'CWE-1288',
  applies: { to: 'container', events: ['libvirt-text'] },
  rationale: `
The domain XML gives a PCI host device to the guest, and the stream has no VFIO section for its address.
Either the XML was edited after saving, or a section was taken out. QEMU starts the guest with a device that
was never restored. Devices behind bridges have other names and are not compared.`,
  advice: 'Require a section for each host device of the domain.',
  sources: ['libvirt src/qemu/qemu_command.c', 'qemu hw/pci/pci.c: pcibus_get_dev_path()'],
  examples: () => ({
    good: [libvirtExample({ xml: hostdev('0x02') })],
    bad: [libvirtExample({ xml: hostdev('0x05') })],
  }),
  watch: () => {
    const wanted = new Map<string, number>();
    let walked = false;
    return {
      kinds: ['device-open', 'eof', 'fault', 'libvirt-text', 'trailing'],
      *event(event) {
        if (event.kind === 'libvirt-text') {
          for (const name of event.devices) wanted.set(name, event.offset);
        } else if (event.kind === 'device-open') wanted.delete(event.name);
        else if (event.kind === 'eof') walked = true;
        else if (event.kind === 'trailing' || !walked) return;
        else if (event.kind === 'fault') walked = false;
        if (!walked || event.kind !== 'eof') return;
        for (const [name, offset] of wanted) {
          yield {
            message: `the domain has a host device at ${name.slice(0, -5)}, and the stream has no ${name}`,
            at: [place('domain', offset)],
          };
        }
      },
    };
  },
});

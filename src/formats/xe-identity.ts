import { child, nameOf, numberAt, type Node } from '../layout/node.ts';
import type { Invariant } from './format.ts';
import { descriptor, devid, DEVICES, revid, xeSave } from './xe-sample.ts';
import { packetInvariant as invariant, typeOf } from './xe-packet.ts';

const PACKET = 'linux drivers/gpu/drm/xe/xe_sriov_packet.c';

const needed = ['MIGRATION_KLV_DEVICE_DEVID', 'MIGRATION_KLV_DEVICE_REVID'] as const;

interface Klv {
  readonly node: Node;
  readonly name: string | undefined;
  readonly key: bigint;
}

function* klvsOf(packet: Node): Generator<Klv> {
  if (typeOf(packet) !== 'DESCRIPTOR') return;
  for (const node of child(packet, 'data')?.children ?? []) {
    const key = child(node, 'key');
    if (typeof key?.value !== 'bigint') continue;
    yield { node, key: key.value, name: nameOf(key.layout, key.value) };
  }
}

export const xeIdentityInvariants: readonly Invariant[] = [
  invariant(
    {
      id: 'xe-descriptor-key-missing',
      title: 'Descriptor does not say which device it is for',
      severity: 'high',
      threats: ['wrong-device', 'feeder'],
      cwe: 'CWE-345',
      rationale: `
Device id and revision are what the driver compares, each when its key comes. A descriptor without
one of them is compared less, and one without either fits every device.`,
      advice: 'Demand both keys before the descriptor counts as checked.',
      sources: [`${PACKET}: xe_sriov_packet_process_descriptor()`],
      bad: xeSave({ descriptor: [descriptor([devid()])] }),
    },
    () => ({
      *unit(packet) {
        if (typeOf(packet) !== 'DESCRIPTOR') return;
        const names = new Set([...klvsOf(packet)].map(({ name }) => name));
        for (const key of needed) {
          if (names.has(key)) continue;
          yield { field: child(packet, 'data'), message: `the descriptor has no ${key}` };
        }
      },
    }),
  ),
  invariant(
    {
      id: 'xe-descriptor-key-repeated',
      title: 'Key of the descriptor stands twice',
      severity: 'medium',
      threats: ['wrong-device', 'feeder'],
      rationale: `
The driver compares each as it comes, so that a second one can only agree. A reader that keeps the
last one would be told something else than one that keeps the first.`,
      advice: 'Refuse a key that was there already.',
      sources: [`${PACKET}: xe_sriov_packet_process_descriptor()`],
      bad: xeSave({ descriptor: [descriptor([devid(), revid(), devid()])] }),
    },
    () => ({
      *unit(packet) {
        const seen = new Set<bigint>();
        for (const { node, key } of klvsOf(packet)) {
          if (seen.has(key)) {
            yield { field: child(node, 'key'), message: `key 0x${key.toString(16)} stands twice` };
          }
          seen.add(key);
        }
      },
    }),
  ),
  invariant(
    {
      id: 'xe-descriptor-key-unknown',
      title: 'Descriptor has a key that is not known',
      severity: 'low',
      threats: ['version'],
      rationale: `
A newer driver may say more of its device, and an older one passes over what it does not know. So
nothing was compared of what this key says.`,
      advice: 'Log the keys that are passed over.',
      sources: [`${PACKET}: xe_sriov_packet_process_descriptor()`],
      bad: xeSave({
        descriptor: [descriptor([devid(), revid(), { key: 0xf0ffn, value: new Uint8Array(4) }])],
      }),
    },
    () => ({
      *unit(packet) {
        for (const { node, key, name } of klvsOf(packet)) {
          if (name !== undefined) continue;
          yield {
            field: child(node, 'key'),
            message: `key 0x${key.toString(16)} is unknown; it was passed over`,
          };
        }
      },
    }),
  ),
  invariant(
    {
      id: 'xe-device-unknown',
      title: 'Descriptor names a device that the driver does not serve',
      severity: 'low',
      confidence: 'possible',
      threats: ['wrong-device', 'version'],
      rationale: `
No virtual function of this device id is known to the driver of Linux 7.2. The device may be newer
than this list, or the id is damaged; a destination with another id refuses the state either way.`,
      advice: 'Compare the id with the destination before the guest is stopped.',
      sources: ['linux drivers/vfio/pci/xe/main.c: xe_vfio_pci_table[]'],
      bad: xeSave({ descriptor: [descriptor([devid(0x1234n), revid()])] }),
    },
    () => ({
      *unit(packet) {
        for (const { node } of klvsOf(packet)) {
          const id = numberAt(node, 'value.devid');
          if (id === undefined || DEVICES.includes(Number(id))) continue;
          yield {
            field: child(node, 'value.devid'),
            message: `0x${id.toString(16)} is no virtual function that is known`,
          };
        }
      },
    }),
  ),
];

import { capabilities, pciVersionLength } from './pci-config.ts';
import type { ContainerEvent, DeviceConfig } from '../events.ts';

/** Section names beyond which a description is not taken: no machine has as many. */
const mostSections = 1 << 12;

/** A destination in the words of the stream that fits it; keys and values are flat text. */
export interface QemuDescription {
  readonly take: (event: ContainerEvent) => void;
  expectation(): Record<string, string>;
}

export const machineKey = 'qemu.machine';
export const capabilitiesKey = 'qemu.capabilities';
export const pageBitsKey = 'qemu.page-bits';
export const sectionPrefix = 'qemu.section.';
export const devicePrefix = 'qemu.device.';

/** How a section is named in a key: by what QEMU looks it up with. */
export const sectionName = (idstr: string, instance: number): string => `${idstr}#${instance}`;

/**
 * Gathers from the events of a known good stream what a destination must have for that stream to
 * load: machine type, capabilities, page bits, each registered section with its version, and of each
 * PCI device the bits of config space that QEMU compares.
 */
export const describeQemu = (): QemuDescription => {
  const expect: Record<string, string> = {};
  let sections = 0;
  return {
    take(event) {
      switch (event.kind) {
        case 'configuration': {
          expect[machineKey] = event.machine;
          expect[capabilitiesKey] = '';
          for (const { name, value } of event.subsections) {
            if (name === 'configuration/capabilities' && Array.isArray(value)) {
              expect[capabilitiesKey] = value.join(' ');
            } else if (name === 'configuration/target-page-bits') {
              expect[pageBitsKey] = String(value);
            }
          }
          break;
        }
        case 'section': {
          const { type, known, idstr, instance, version } = event.section;
          if (!known || type === 'part' || type === 'end' || sections >= mostSections) break;
          const key = sectionPrefix + sectionName(idstr, instance);
          if (expect[key] === undefined) sections += 1;
          expect[key] = `version=${version}`;
          break;
        }
        case 'device-config': {
          const identity = pciIdentity(event);
          const { idstr, instance } = event.section;
          if (identity !== undefined) {
            expect[devicePrefix + sectionName(idstr, instance)] = identity;
          }
          break;
        }
        default:
          break;
      }
    },
    expectation: () => ({ ...expect }),
  };
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * The bits of a config space that `qemu hw/pci/pci.c: get_pci_config_device` compares because the
 * guest cannot write them: `pci=vendor:device:revision:class:header:caps:pointer:bars:list`. BAR
 * addresses, command, interrupt line and vendor-specific bytes are the guest's and left out.
 */
export const pciIdentity = ({ bytes, space }: DeviceConfig): string | undefined => {
  if (space === undefined) return undefined;
  const at = pciVersionLength;
  const u8 = (offset: number): number => bytes[at + offset] ?? 0;
  const u16 = (offset: number): number => u8(offset) | (u8(offset + 1) << 8);
  const bars: string[] = [];
  for (let bar = 0; bar < 6; bar += 1) {
    const low = u8(0x10 + bar * 4);
    // Bit 0 says I/O; of a memory BAR bits 1 to 3 say width and prefetch, and the next may be its top.
    const type = (low & 1) === 1 ? low & 3 : low & 0xf;
    bars.push(hex(type, 1));
    if ((low & 7) === 4 && bar < 5) {
      bars.push('-');
      bar += 1;
    }
  }
  const list = capabilities(bytes, at).list.map(
    (entry) => `${hex(entry.id, 2)}@${hex(entry.at, 2)}`,
  );
  return `pci=${[
    hex(u16(0), 4),
    hex(u16(2), 4),
    hex(u8(8), 2),
    hex(u8(9) | (u8(10) << 8) | (u8(11) << 16), 6),
    hex(u8(0x0e), 2),
    hex((u16(6) >> 4) & 1, 1),
    hex(u8(0x34), 2),
    bars.join(''),
    list.join('+'),
  ].join(':')}`;
};

/** The parts of `pciIdentity`, in order, as messages name them. */
export const identityParts = [
  'vendor',
  'device',
  'revision',
  'class',
  'header type',
  'capability bit',
  'capability pointer',
  'BAR types',
  'capabilities',
] as const;

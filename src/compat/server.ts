import { errorCode } from '../bytes/source.ts';
import { identityOf, type ServerIdentity } from '../targets/vfio-user-identity.ts';
import { NotMigratable } from '../targets/vfio-user-device.ts';
import { describe, type Descriptor, type Known } from './descriptor.ts';
import { DescriptorError } from './shape.ts';

/** Milliseconds for each answer of a server; one that serves another client gives none. */
const patience = 5000;

/** The device behind a running vfio-user server, asked over its UNIX socket and left as it is. */
export const describeServer = async (socket: string): Promise<Descriptor> => {
  const from = { kind: 'vfio-user', path: socket } as const;
  try {
    return serverDescriptor(from, await identityOf(socket, patience));
  } catch (error) {
    if (!(error instanceof NotMigratable) && errorCode(error) === undefined) throw error;
    const why = error instanceof Error ? error.message : '';
    throw new DescriptorError(
      `vfio-user:${socket}: the server does not say which device it has: ${why}`,
      'a server takes one client at a time; name the socket of one that runs and is free',
    );
  }
};

const serverDescriptor = (from: Descriptor['from'], identity: ServerIdentity): Descriptor => {
  const { protocol, flags, isPci, config, regions, interrupts, migration } = identity;
  const pci = config === undefined ? undefined : pciFacts(config);
  const notes: string[] = [`the server speaks version ${protocol} of the protocol`];
  if (migration === undefined) notes.push('the device has no migration feature');
  if (isPci && config === undefined) notes.push('the PCI config space could not be read');
  const known: Partial<Known> = {
    ...(isPci ? { deviceApi: 'vfio-pci' } : {}),
    ...(pci === undefined ? {} : { ...pci, type: `vfio-user:${pci.pci}` }),
    // A device that cannot migrate is one that offers no version.
    ...(migration === undefined ? { migrationVersion: null } : {}),
  };
  return describe({
    name: `vfio-user:${from.path}`,
    from,
    ...known,
    attributes: {
      regions: regions.map(({ index, size }) => `${index}:0x${size.toString(16)}`).join(' '),
      device_flags: `0x${flags.toString(16)}`,
      interrupts: String(interrupts),
      ...(migration === undefined ? {} : { migration_flags: `0x${migration.toString(16)}` }),
    },
    // A client compares the flags and the regions before it resumes; of the rest nobody says how.
    relations: { regions: 'equal', device_flags: 'equal' },
    notes,
  });
};

/** `linux include/uapi/linux/pci_regs.h`: the ids of a type 0 header. */
const pciFacts = (
  config: Uint8Array,
): { readonly pci: string; readonly subsystem: string; readonly revision: string } => {
  const hex = (at: number, length: number): string =>
    [...config.subarray(at, at + length)]
      .reverse()
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
  return {
    pci: `${hex(0, 2)}:${hex(2, 2)}`,
    subsystem: `${hex(0x2c, 2)}:${hex(0x2e, 2)}`,
    revision: hex(8, 1),
  };
};

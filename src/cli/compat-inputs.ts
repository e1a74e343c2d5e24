import { statSync } from 'node:fs';
import { snapshotState } from '../check/inputs.ts';
import type { Descriptor } from '../compat/descriptor.ts';
import { DescriptorError, type ReadDescriptors } from '../compat/shape.ts';
import { describeStates } from '../compat/state.ts';
import { describeSysfs } from '../compat/sysfs.ts';
import type { Format } from '../formats/format.ts';
import { descriptorsIn } from './descriptors.ts';
import { UndoneError, UsageError } from './exit.ts';
import { opened, reasonOf } from './options.ts';

export interface Known {
  readonly format: Format | undefined;
  readonly formats: readonly Format[];
}

/** Why one input, or one device of it, is not among what is compared. */
export type Trouble = UsageError | UndoneError;

export interface Gathered {
  readonly devices: readonly Descriptor[];
  readonly troubles: readonly Trouble[];
}

/** Devices of one file that are complained of one by one. */
const mostFaults = 20;

/** The devices of all inputs; what is wrong with one of them costs no other its answer. */
export const gathered = async (inputs: readonly string[], options: Known): Promise<Gathered> => {
  const devices: Descriptor[] = [];
  const troubles: Trouble[] = [];
  for (const input of inputs) {
    try {
      const read = await devicesOf(input, options);
      devices.push(...read.devices);
      troubles.push(...troublesOf(read, input));
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof UndoneError)) throw error;
      troubles.push(error);
    }
  }
  return { devices, troubles };
};

const troublesOf = ({ faults }: ReadDescriptors, input: string): readonly Trouble[] => {
  const said = faults
    .slice(0, mostFaults)
    .map(({ message, hint }) => new UsageError(message, hint));
  const more = faults.length - said.length;
  if (more === 0) return said;
  const rest = new UsageError(
    `${input}: ${more} more devices that are none`,
    'mend the first ones',
  );
  return [...said, rest];
};

/** The devices of an input of which every device must be one. */
export const strictly = ({ devices, faults: [fault] }: ReadDescriptors): readonly Descriptor[] => {
  if (fault !== undefined) throw new UsageError(fault.message, fault.hint);
  return devices;
};

/** The devices of one argument: told by its scheme, then as a folder, then by its first bytes. */
export const devicesOf = async (input: string, options: Known): Promise<ReadDescriptors> => {
  const read = await described(input, options);
  if (read.devices.length + read.faults.length > 0) return read;
  throw new UndoneError(`${input}: no device that can be described is in it`);
};

const described = async (input: string, options: Known): Promise<ReadDescriptors> => {
  if (input.startsWith('vfio-user:')) {
    return { devices: [await ofServer(input.slice('vfio-user:'.length))], faults: [] };
  }
  if (isFolder(input)) return { devices: describeSysfs(input), faults: [] };
  const source = opened(snapshotState(input) ?? input);
  try {
    const written = await descriptorsIn(source);
    if (written !== undefined) return written;
    const { devices } = await describeStates(source, options);
    return { devices, faults: [] };
  } catch (error) {
    if (error instanceof UsageError || error instanceof UndoneError) throw error;
    throw new UndoneError(`${input}: ${reasonOf(error)}`);
  } finally {
    source.close();
  }
};

const ofServer = async (socket: string): Promise<Descriptor> => {
  // Loaded here because few comparisons ask a server.
  const { describeServer } = await import('../compat/server.ts');
  try {
    return await describeServer(socket);
  } catch (error) {
    if (error instanceof DescriptorError) {
      throw new UndoneError(`${error.message} (${error.hint})`);
    }
    throw error;
  }
};

export const isFolder = (input: string): boolean => {
  if (input === '-' || snapshotState(input) !== undefined) return false;
  try {
    return statSync(input).isDirectory();
  } catch {
    return false; // Opening it says why.
  }
};

import type { StateName } from '../container/session/states.ts';
import type { Answer, Call } from './session.ts';

/** A device in the words of a migration, whatever carries them; an answer below 0 is `-errno`. */
export interface MigrationDevice {
  /** A state by its name, or a number that is none. */
  readonly setState: (state: StateName | number) => Promise<number>;
  /** The number of the state that it is in. */
  readonly state: () => Promise<number>;
  /** Bytes of its state, no more than so many; none at the end. */
  readonly read: (size: number) => Promise<Answer>;
  /** How many of the bytes it has taken. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
  readonly reset: () => Promise<number>;
  /** The guest uses it, in RUNNING. */
  readonly use: () => Promise<number>;
}

/** Bytes of one save after which reading stops; a state of any length would be read for ever. */
const mostSaved = 64 << 20;
const readAtOnce = 1 << 16;

/** What the device saves, from RUNNING through STOP_COPY to STOP. */
export const save = async (device: MigrationDevice): Promise<Answer> => {
  const stopped = await device.setState('STOP_COPY');
  if (stopped < 0) return stopped;
  const parts: Uint8Array[] = [];
  for (let total = 0; total < mostSaved;) {
    const part = await device.read(readAtOnce);
    if (typeof part === 'number') return part;
    if (part.length === 0) break;
    parts.push(part);
    total += part.length;
  }
  const left = await device.setState('STOP');
  return left < 0 ? left : Buffer.concat(parts);
};

/** One call of a restore session. */
export const carryOut = async (device: MigrationDevice, call: Call): Promise<Answer> => {
  switch (call.do) {
    case 'begin':
      return device.setState('RESUMING');
    case 'write':
      return device.write(call.bytes);
    case 'end':
      return device.setState('STOP');
    case 'run': {
      const running = await device.setState('RUNNING');
      return running < 0 ? running : device.use();
    }
    case 'save':
      return save(device);
    case 'reset':
      return device.reset();
  }
};

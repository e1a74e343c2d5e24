import { MIG_DATA_READ, MIG_DATA_WRITE } from '../container/session/commands.ts';
import { refused, type ConformLab } from './conform-lab.ts';
import { bring, Undecided, type ConformCheck } from './conform-migration.ts';
import type { VfioUserDevice } from './vfio-user-device.ts';
import { isFailure, words } from './vfio-user-wire.ts';

const data = 'libvfio-user lib/migration.c: handle_mig_data_read(), handle_mig_data_write()';
const refusedIn =
  (
    state: 'RUNNING' | 'STOP_COPY' | 'RESUMING',
    what: string,
    command: number,
    body: (device: VfioUserDevice) => Uint8Array,
  ) =>
  async (lab: ConformLab): Promise<string | undefined> => {
    const device = await lab.device();
    await bring(device, state);
    return refused(what, await device.connection.request(command, body(device)));
  };

const payload = (argsz: number, size: number, given: number): Buffer =>
  Buffer.concat([words(argsz, size), Buffer.alloc(given)]);

/** What data may be read and written, and when. */
export const dataChecks: readonly ConformCheck<ConformLab>[] = [
  {
    id: 'data-read-outside',
    title: 'nothing is read outside the saving states',
    source: data,
    run: refusedIn('RUNNING', 'MIG_DATA_READ in RUNNING', MIG_DATA_READ, () => words(24, 16)),
  },
  {
    id: 'data-read-limit',
    title: 'a read of more than was agreed is refused',
    source: data,
    run: refusedIn('STOP_COPY', 'a read of more than was agreed', MIG_DATA_READ, ({ transfer }) =>
      words(transfer + 9, transfer + 1),
    ),
  },
  {
    id: 'data-read-argsz',
    title: 'a read whose argsz has no room for its size is refused',
    source: data,
    run: refusedIn('STOP_COPY', 'a read of 16 bytes with argsz 8', MIG_DATA_READ, () =>
      words(8, 16),
    ),
  },
  {
    id: 'data-read-head',
    title: 'the head of an answer says how many bytes are valid',
    source: data,
    run: async (lab) => {
      const device = await lab.device();
      await bring(device, 'STOP_COPY');
      const { connection } = device;
      const reply = await connection.request(MIG_DATA_READ, words(24, 16));
      if (isFailure(reply)) throw new Undecided(`a read was refused with errno ${reply.error}`);
      if (reply.body.length < 8) return `the answer has ${reply.body.length} bytes and no head`;
      const argsz = reply.body.readUInt32LE(0);
      const size = reply.body.readUInt32LE(4);
      if (size > 16) return `16 bytes were asked for, and ${size} are called valid`;
      if (size > reply.body.length - 8) return `${size} bytes are called valid, and fewer came`;
      return argsz === 8 + size ? undefined : `argsz is ${argsz}, but size is ${size}`;
    },
  },
  {
    id: 'data-write-outside',
    title: 'nothing is written outside RESUMING',
    source: data,
    run: refusedIn('RUNNING', 'MIG_DATA_WRITE in RUNNING', MIG_DATA_WRITE, () =>
      payload(24, 16, 16),
    ),
  },
  {
    id: 'data-write-argsz',
    title: 'a write whose argsz has no room for its size is refused',
    source: data,
    run: refusedIn('RESUMING', 'a write of 16 bytes with argsz 8', MIG_DATA_WRITE, () =>
      payload(8, 16, 16),
    ),
  },
  {
    id: 'data-write-body',
    title: 'a write of more than its message holds is refused',
    source: data,
    run: refusedIn('RESUMING', 'a write of 32 bytes that holds 16', MIG_DATA_WRITE, () =>
      payload(40, 32, 16),
    ),
  },
  {
    id: 'data-write-empty',
    title: 'a write of nothing is carried out',
    source: data,
    run: async (lab) => {
      const device = await lab.device();
      await bring(device, 'RESUMING');
      const { error, flags } = await device.connection.request(MIG_DATA_WRITE, words(8, 0));
      return (flags & 0x20) === 0 ? undefined : `it was refused with errno ${error}`;
    },
  },
];

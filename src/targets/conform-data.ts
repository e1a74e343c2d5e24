import { MIG_DATA_READ, MIG_DATA_WRITE } from '../container/session/commands.ts';
import type { ConformCheck } from './conform-checks.ts';
import { refused, Undecided, type ConformLab } from './conform-lab.ts';
import type { VfioUserDevice } from './vfio-user-device.ts';
import { isFailure, words } from './vfio-user-wire.ts';

const data = 'libvfio-user lib/migration.c: handle_mig_data_read(), handle_mig_data_write()';
const contract = 'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state, RESUMING';

/** Pieces of one byte are written for a state of up to so many; longer ones in so many pieces. */
const mostPieces = 4096;

const refusedIn =
  (
    state: 'RUNNING' | 'STOP_COPY' | 'RESUMING',
    what: string,
    command: number,
    body: (device: VfioUserDevice) => Uint8Array,
  ) =>
  async (lab: ConformLab): Promise<string | undefined> => {
    const device = await lab.device();
    if (state !== 'RUNNING' && (await device.setState(state)) < 0) {
      throw new Undecided(`the device does not go from RUNNING to ${state}`);
    }
    return refused(what, await device.connection.request(command, body(device)));
  };

const payload = (argsz: number, size: number, given: number): Buffer =>
  Buffer.concat([words(argsz, size), Buffer.alloc(given)]);

/** A restore of these pieces: 0, or the first refusal. */
const restore = async (device: VfioUserDevice, pieces: Iterable<Uint8Array>): Promise<number> => {
  const begun = await device.setState('RESUMING');
  if (begun < 0) throw new Undecided('the device does not go to RESUMING');
  for (const piece of pieces) {
    const written = await device.write(piece);
    if (written < 0) return written;
  }
  return device.setState('STOP');
};

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  const size = Math.ceil(bytes.length / mostPieces);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What data may be read and written, when, and how a state is taken. */
export const dataChecks: readonly ConformCheck[] = [
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
      const { connection } = await lab.deviceIn('STOP_COPY');
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
    id: 'data-read-end',
    title: 'behind the end of a state there is nothing',
    source: data,
    run: async (lab) => {
      const device = await lab.deviceIn('STOP_COPY');
      const whole = lab.goodImage().length;
      let total = 0;
      for (let ends = 0; ends < 3;) {
        const part = await device.read(Math.min(device.transfer, 1 << 16));
        if (typeof part === 'number') throw new Undecided(`a read was refused with ${-part}`);
        total += part.length;
        if (part.length === 0) ends += 1;
        else if (ends > 0) return `${part.length} bytes came behind the end`;
        if (total > 2 * whole + (1 << 20)) throw new Undecided(`no end within ${total} bytes`);
      }
      return undefined;
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
      if ((await device.setState('RESUMING')) < 0) throw new Undecided('no RESUMING');
      const { error, flags } = await device.connection.request(MIG_DATA_WRITE, words(8, 0));
      return (flags & 0x20) === 0 ? undefined : `it was refused with errno ${error}`;
    },
  },
  {
    id: 'restore-whole',
    title: 'a device takes the state that it saved',
    source: contract,
    run: async (lab) => {
      const answer = await restore(await lab.device(), [lab.goodImage()]);
      return answer < 0 ? `it was refused with errno ${-answer}` : undefined;
    },
  },
  {
    id: 'restore-segmentation',
    title: 'how a state is cut into writes changes nothing',
    source: contract,
    run: async (lab) => {
      const device = await lab.device();
      const answer = await restore(device, piecesOf(lab.goodImage()));
      return answer < 0 ? `in small pieces it was refused with errno ${-answer}` : undefined;
    },
  },
  {
    id: 'restore-twice',
    title: 'a second session needs no reset',
    source: contract,
    run: async (lab) => {
      const device = await lab.device();
      if ((await restore(device, [lab.goodImage()])) < 0) throw new Undecided('not even a first');
      const answer = await restore(device, [lab.goodImage()]);
      return answer < 0 ? `the second one was refused with errno ${-answer}` : undefined;
    },
  },
  {
    id: 'restore-short',
    title: 'a state that is not complete is refused at the end',
    source: contract,
    run: async (lab) => {
      const whole = lab.goodImage();
      for (const length of [whole.length - 1, whole.length >> 1, 0]) {
        const answer = await restore(await lab.device(), [whole.subarray(0, length)]);
        lab.hangUp();
        if (answer >= 0) return `${length} of ${whole.length} bytes were taken for a state`;
      }
      return undefined;
    },
  },
  {
    id: 'restore-long',
    title: 'a state with a byte too many is refused',
    source: contract,
    run: async (lab) => {
      const whole = lab.goodImage();
      const answer = await restore(await lab.device(), [whole, new Uint8Array(1)]);
      return answer < 0 ? undefined : `${whole.length + 1} bytes were taken for a state`;
    },
  },
  {
    id: 'reset-state',
    title: 'a reset leads from every state to RUNNING',
    source: 'linux include/uapi/linux/vfio.h: enum vfio_device_mig_state, VFIO_DEVICE_RESET',
    run: async (lab) => {
      for (const state of ['STOP', 'STOP_COPY', 'RESUMING'] as const) {
        const device = await lab.deviceIn(state);
        const renewed = await device.renew();
        lab.hangUp();
        if (!renewed) return `after a reset in ${state} the device is not in RUNNING`;
      }
      return undefined;
    },
  },
];

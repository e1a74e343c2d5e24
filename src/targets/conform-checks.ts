import {
  DEVICE_FEATURE,
  DEVICE_RESET,
  longestMessage,
  MESSAGE_NO_REPLY,
  MESSAGE_REPLY,
  VERSION,
} from '../container/session/commands.ts';
import { FEATURE_GET, FEATURE_PROBE, FEATURE_SET } from '../container/session/format.ts';
import { dataChecks } from './conform-data.ts';
import { refused, refusedOrClosed, type ConformLab } from './conform-lab.ts';
import { bring, migrationChecks, type ConformCheck } from './conform-migration.ts';
import { ConnectionLost } from './vfio-user-connection.ts';
import { versionBody } from './vfio-user-device.ts';
import { isFailure, messageBytes, words } from './vfio-user-wire.ts';

type ServerCheck = ConformCheck<ConformLab>;

const DEVICE_GET_INFO = 4;
const MIGRATION = 1;
const MIG_DEVICE_STATE = 2;

const header = 'libvfio-user docs/vfio-user.rst: Header';
const version = 'libvfio-user lib/tran.c: tran_parse_version_json(), recv_version()';
const feature = 'linux drivers/vfio/vfio_main.c: vfio_ioctl_device_feature(), vfio_check_feature()';
const stopped = 'libvfio-user lib/libvfio-user.c: cmd_allowed_when_stopped_and_copying()';

/** Every check, in the order of the protocol. */
export const conformChecks = (migration: bigint): readonly ServerCheck[] => [
  ...versionChecks,
  ...headerChecks,
  ...featureChecks,
  ...migrationChecks(migration),
  ...dataChecks,
  {
    id: 'stopped-commands',
    title: 'in STOP a device answers no DEVICE_GET_INFO',
    source: stopped,
    run: async (lab) => {
      const device = await lab.device();
      await bring(device, 'STOP');
      return refused(
        'DEVICE_GET_INFO in STOP',
        await device.connection.request(DEVICE_GET_INFO, words(16, 0, 0, 0)),
      );
    },
  },
];

const text = (body: string, major = 0): Buffer =>
  Buffer.concat([words(major | (1 << 16)), Buffer.from(body)]);

const refusedVersion =
  (what: string, body: Uint8Array) =>
  async (lab: ConformLab): Promise<string | undefined> => {
    const connection = await lab.connect();
    return refusedOrClosed(what, connection.request(VERSION, body));
  };

const versionChecks: readonly ServerCheck[] = [
  {
    id: 'version-first',
    title: 'nothing is carried out before the version is agreed',
    source: version,
    run: async (lab) => {
      const connection = await lab.connect();
      const early = connection.request(DEVICE_GET_INFO, words(16, 0, 0, 0));
      return refusedOrClosed('DEVICE_GET_INFO before VERSION', early);
    },
  },
  {
    id: 'version-major',
    title: 'a major version that is not 0 is refused',
    source: version,
    run: refusedVersion('major version 1', text('{"capabilities":{}}\0', 1)),
  },
  {
    id: 'version-unterminated',
    title: 'JSON that no NUL ends is refused',
    source: version,
    run: refusedVersion('JSON without a NUL', text('{"capabilities":{}}')),
  },
  {
    id: 'version-json',
    title: 'text that is no JSON is refused',
    source: version,
    run: refusedVersion('a version text that is no JSON', text('[[not json\0')),
  },
  {
    id: 'version-transfer',
    title: 'a negative max_data_xfer_size lifts no limit',
    source: version,
    run: async (lab) => {
      const connection = await lab.connect();
      const agreed = await connection.request(VERSION, versionBody({ max_data_xfer_size: -1 }));
      if (isFailure(agreed)) return undefined;
      const state = words(16, MIG_DEVICE_STATE | FEATURE_SET, 3, -1);
      await connection.request(DEVICE_FEATURE, state);
      const size = 2 << 20;
      const what = `a read of ${size} bytes after max_data_xfer_size -1`;
      try {
        return refused(what, await connection.request(17, words(8 + size, size)));
      } catch (error) {
        if (!(error instanceof ConnectionLost) || error.loss !== 'malformed') throw error;
        return `${what} was carried out`;
      }
    },
  },
];

const getState = words(16, MIG_DEVICE_STATE | FEATURE_GET, 0, 0);

const headerChecks: readonly ServerCheck[] = [
  {
    id: 'header-echo',
    title: 'an answer has the id and the command of its request, and the type of a reply',
    source: header,
    run: async (lab) => {
      const { connection } = await lab.device();
      try {
        await connection.request(DEVICE_FEATURE, getState);
        await connection.request(DEVICE_RESET, words());
        await connection.request(DEVICE_FEATURE, words(7, 0));
        return undefined;
      } catch (error) {
        if (error instanceof ConnectionLost && error.loss === 'malformed') return error.message;
        throw error;
      }
    },
  },
  {
    id: 'header-error',
    title: 'an error has a number',
    source: header,
    run: async (lab) => {
      const { connection } = await lab.device();
      const reply = await connection.request(DEVICE_FEATURE, words(7, MIGRATION | FEATURE_GET));
      const numbered = !isFailure(reply) || (reply.error > 0 && reply.error < 4096);
      return numbered ? undefined : `an error has the number ${reply.error}`;
    },
  },
  {
    id: 'header-type',
    title: 'a message that is no command is refused',
    source: header,
    run: async (lab) => {
      const { connection } = await lab.device();
      const reply = connection.request(DEVICE_FEATURE, getState, { flags: MESSAGE_REPLY });
      return refusedOrClosed('a message of type reply', reply);
    },
  },
  {
    id: 'header-unknown-command',
    title: 'a command that nobody knows is refused',
    source: header,
    run: async (lab) => {
      const { connection } = await lab.device();
      return refusedOrClosed('command 99', connection.request(99, words(0, 0, 0, 0)));
    },
  },
  {
    id: 'header-long',
    title: 'a message of over 1 MiB and 32 bytes is refused before it is read',
    source: 'libvfio-user lib/libvfio-user.c: is_valid_header()',
    run: async (lab) => {
      const { connection } = await lab.device();
      const size = longestMessage + 1;
      const reply = connection.request(DEVICE_FEATURE, getState, { size });
      return refusedOrClosed(`a message that announces ${size} bytes`, reply);
    },
  },
  {
    id: 'header-short',
    title: 'a message shorter than its header is refused',
    source: 'libvfio-user lib/tran_sock.c: get_msg()',
    run: async (lab) => {
      const { connection } = await lab.device();
      const reply = connection.request(DEVICE_FEATURE, words(), { size: 15 });
      return refusedOrClosed('a message of 15 bytes', reply);
    },
  },
  {
    id: 'header-no-reply',
    title: 'a request that wants no reply gets none',
    source: header,
    run: async (lab) => {
      const { connection } = await lab.device();
      const heard: number[] = [];
      connection.onMessage = ({ command }) => heard.push(command);
      connection.send(messageBytes(0xbeef, DEVICE_RESET, words(), { flags: MESSAGE_NO_REPLY }));
      try {
        await connection.request(DEVICE_FEATURE, getState);
      } catch (error) {
        if (!(error instanceof ConnectionLost) || heard[0] !== DEVICE_RESET) throw error;
      }
      return heard[0] === DEVICE_RESET ? 'DEVICE_RESET without a reply was answered' : undefined;
    },
  },
];

const refusedFeature =
  (what: string, ...numbers: readonly number[]) =>
  async (lab: ConformLab): Promise<string | undefined> => {
    const { connection } = await lab.device();
    return refused(what, await connection.request(DEVICE_FEATURE, words(...numbers)));
  };

const featureChecks: readonly ServerCheck[] = [
  {
    id: 'feature-migration',
    title: 'what the device can do holds STOP_COPY and nothing unknown',
    source: 'linux include/uapi/linux/vfio.h: struct vfio_device_feature_migration',
    run: async (lab) => {
      const { migration } = await lab.device();
      const legal = (migration & 1n) === 1n && migration < 8n;
      return legal ? undefined : `the flags of the migration feature are ${migration}`;
    },
  },
  {
    id: 'feature-probe',
    title: 'PROBE says of a feature that it is there',
    source: feature,
    run: async (lab) => {
      const { connection } = await lab.device();
      const probe = words(16, MIGRATION | FEATURE_GET | FEATURE_PROBE, 0, 0);
      const reply = await connection.request(DEVICE_FEATURE, probe);
      return isFailure(reply) ? `PROBE was refused with errno ${reply.error}` : undefined;
    },
  },
  {
    id: 'feature-argsz',
    title: 'an argsz that has no room for the answer is refused',
    source: feature,
    run: refusedFeature('GET MIGRATION with argsz 8', 8, MIGRATION | FEATURE_GET),
  },
  {
    id: 'feature-both-operations',
    title: 'GET and SET at once are refused',
    source: feature,
    run: refusedFeature(
      'GET and SET of MIG_DEVICE_STATE',
      ...[16, MIG_DEVICE_STATE | FEATURE_GET | FEATURE_SET, 2, 0xffff_ffff],
    ),
  },
  {
    id: 'feature-no-operation',
    title: 'neither GET nor SET is refused',
    source: feature,
    run: refusedFeature('MIG_DEVICE_STATE without GET or SET', 16, MIG_DEVICE_STATE, 2, 0),
  },
  {
    id: 'feature-wrong-operation',
    title: 'an operation that a feature does not have is refused',
    source: feature,
    run: refusedFeature('SET of MIGRATION', 16, MIGRATION | FEATURE_SET, 0, 0),
  },
  {
    id: 'feature-unknown',
    title: 'a feature that nobody knows is refused',
    source: feature,
    run: async (lab) => {
      const { connection } = await lab.device();
      const reply = await connection.request(DEVICE_FEATURE, words(16, 999 | FEATURE_GET, 0, 0));
      // The kernel says ENOTTY, libvfio-user EINVAL.
      return isFailure(reply) ? undefined : 'feature 999 was carried out';
    },
  },
  {
    id: 'feature-short-body',
    title: 'a SET without the bytes that it sets is refused',
    source: feature,
    run: refusedFeature('SET of MIG_DEVICE_STATE with 8 bytes', 16, MIG_DEVICE_STATE | FEATURE_SET),
  },
];

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type MessageDraft,
  type SessionRecord,
  featureBytes,
  joined,
  stateBytes,
  writeMessages,
  writeSession,
} from '../../src/container/session/write.ts';
import {
  type SessionExample,
  answer,
  ask,
  capabilities,
  dataHead,
  dmaLogging,
  stateHeader,
  statePort,
  userFeature,
  userRead,
  userRestore,
  userSave,
  userSet,
  userWrite,
  version,
} from '../../src/rules/session-examples.ts';

export type Streams = Readonly<Record<string, Uint8Array>>;

const corpus = join(import.meta.dirname, '..', '..', 'corpus');

/** A state that the kernel's mtty driver saved. */
export const captured = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(corpus, 'mtty', `${name}.bin`)));

export const written = ({ draft }: SessionExample, cut = 0): Uint8Array =>
  writeSession({ ...draft, cut });

const loop = captured('mtty1-fifo3-loop');
export const full = captured('mtty1-fifo16-full');
export const [loopHeader, loopPort] = [loop.subarray(0, 24), loop.subarray(24)];

export const pieces = (bytes: Uint8Array, size: number): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, index * size + size),
  );

const error = { error: 22 };
export const EINVAL = -22;
const failing = (id: number, command: string | number, body: Uint8Array): SessionRecord[] => [
  ask(id, command, body),
  answer(id, command, undefined, error),
];

/** Messages of one side of a session, as its socket carries them. */
const side = (from: MessageDraft['from'], { draft }: SessionExample): Uint8Array =>
  writeMessages(
    draft.records.flatMap((record) =>
      record.record === 'message' && record.from === from ? [record] : [],
    ),
  );

const realRestore = userRestore({
  header: userWrite(4, loopHeader),
  port: userWrite(5, loopPort),
});
const realSave = userSave({ header: userRead(4, 64, loopHeader), port: userRead(6, 64, loopPort) });

const versionRefused = (body: Uint8Array): SessionExample =>
  userRestore({ version: failing(1, 'VERSION', body) });

/** A message whose size cannot be, among others that are right. */
const lost: readonly MessageDraft[] = [
  { from: 'client', id: 1, command: 'VERSION', body: version(capabilities) },
  { from: 'client', id: 2, command: 'DEVICE_GET_INFO', body: new Uint8Array(16) },
  { from: 'client', id: 3, command: 'DEVICE_GET_INFO', body: new Uint8Array(16), size: 8 },
  { from: 'client', id: 4, command: 'DEVICE_GET_INFO', body: new Uint8Array(16) },
];

export const vfioUserStreams: Streams = {
  'dma-logging.bin': written(
    userSave({
      behind: userFeature(9, dmaLogging([0x1000n, 0x1000n], [0n, 0x1000n])),
    }),
  ),
  'dma-ranges-overlap.bin': written(
    userSave({
      behind: failing(
        9,
        'DEVICE_FEATURE',
        featureBytes(dmaLogging([0n, 0x2000n], [0x1000n, 0x1000n])),
      ),
    }),
  ),
  'restore.bin': written(realRestore),
  'save.bin': written(realSave),
  'restore-in-small-writes.bin': written(
    userRestore({
      header: [],
      port: pieces(full, 7).flatMap((piece, index) => userWrite(100 + index, piece)),
    }),
  ),
  'restore-client-side.bin': side('client', realRestore),
  'save-server-side.bin': side('server', realSave),
  'restore-refused-and-reset.bin': written(
    userRestore({
      port: failing(5, 'MIG_DATA_WRITE', joined([dataHead(loopPort.length), loopPort])),
      leave: [ask(6, 'DEVICE_RESET'), answer(6, 'DEVICE_RESET')],
    }),
  ),
  'restore-of-wrong-header.bin': written(
    userRestore({
      header: userWrite(
        4,
        Uint8Array.from(loopHeader, (byte, at) => (at === 8 ? 2 : byte)),
      ),
      port: userWrite(5, loopPort),
    }),
  ),
  'version-missing.bin': written(userRestore({ version: [] })),
  'version-twice.bin': written(
    userRestore({
      behind: [
        ask(8, 'VERSION', version(capabilities)),
        answer(8, 'VERSION', version(capabilities)),
      ],
    }),
  ),
  'version-major-1.bin': written(versionRefused(version(capabilities, 1))),
  'version-without-nul.bin': written(versionRefused(version(capabilities).subarray(0, -1))),
  'version-json-cut.bin': written(versionRefused(version('{"capabilities":'))),
  'version-capabilities-array.bin': written(versionRefused(version('{"capabilities":[]}'))),
  'version-page-size-5000.bin': written(
    versionRefused(version('{"capabilities":{"migration":{"pgsize":5000}}}')),
  ),
  'version-transfer-limit-negative.bin': written(
    userRestore({
      version: [
        ask(1, 'VERSION', version('{"capabilities":{"max_data_xfer_size":-1}}')),
        answer(1, 'VERSION', version(capabilities)),
      ],
    }),
  ),
  'message-size-15.bin': written(
    userRestore({ behind: [ask(8, 'REGION_READ', new Uint8Array(16), { size: 15 })] }),
  ),
  'message-size-above-limit.bin': written(
    userRestore({ behind: [ask(8, 'REGION_READ', new Uint8Array(16), { size: 0xffff_ffff })] }),
  ),
  'message-without-body.bin': written(
    userRestore({ behind: failing(8, 'DEVICE_FEATURE', new Uint8Array(0)) }),
  ),
  'message-type-2.bin': written(
    userRestore({ behind: [ask(8, 'DEVICE_GET_INFO', new Uint8Array(16), { flags: 2 })] }),
  ),
  'command-99.bin': written(userRestore({ behind: failing(8, 99, new Uint8Array(8)) })),
  'reply-to-nothing.bin': written(userRestore({ behind: [answer(9, 'MIG_DATA_WRITE')] })),
  'reply-to-other-command.bin': written(
    userRestore({
      behind: [ask(8, 'REGION_READ', new Uint8Array(16)), answer(8, 'DEVICE_RESET')],
    }),
  ),
  'id-used-twice.bin': written(
    userRestore({
      behind: [
        ...userFeature(8, { feature: 2, operation: 'get', data: stateBytes('RUNNING') }).slice(
          0,
          1,
        ),
        ...userFeature(8, { feature: 2, operation: 'get', data: stateBytes('RUNNING') }),
        ...userFeature(8, { feature: 2, operation: 'get', data: stateBytes('RUNNING') }).slice(1),
      ],
    }),
  ),
  'client-asks-for-memory.bin': written(
    userRestore({ behind: failing(8, 'DMA_READ', new Uint8Array(16)) }),
  ),
  'read-above-limit.bin': written(
    userSave({ header: failing(4, 'MIG_DATA_READ', dataHead((1 << 20) + 1)) }),
  ),
  'write-size-past-end.bin': written(
    userRestore({
      behind: [
        ...userSet(8, 'RESUMING'),
        ...failing(9, 'MIG_DATA_WRITE', dataHead(36)),
        ask(10, 'DEVICE_RESET'),
        answer(10, 'DEVICE_RESET'),
      ],
    }),
  ),
  'write-argsz-0.bin': written(
    userRestore({
      behind: [
        ...userSet(8, 'RESUMING'),
        ...failing(9, 'MIG_DATA_WRITE', joined([dataHead(36, 0), statePort])),
        ask(10, 'DEVICE_RESET'),
        answer(10, 'DEVICE_RESET'),
      ],
    }),
  ),
  'write-without-reply.bin': written(
    userRestore({
      header: [ask(4, 'MIG_DATA_WRITE', joined([dataHead(24), stateHeader]), { flags: 0x10 })],
    }),
  ),
  'write-in-running.bin': written(
    userRestore({ behind: failing(8, 'MIG_DATA_WRITE', joined([dataHead(36), statePort])) }),
  ),
  'read-in-stop.bin': written(userSave({ behind: failing(9, 'MIG_DATA_READ', dataHead(64)) })),
  'read-behind-end.bin': written(
    userSave({
      port: userRead(6, 64, statePort.subarray(0, 20)),
      end: [...userRead(7, 64, new Uint8Array(0)), ...userRead(9, 64, statePort.subarray(20))],
    }),
  ),
  'get-info-in-stop.bin': written(
    userSave({ behind: failing(9, 'DEVICE_GET_INFO', new Uint8Array(16)) }),
  ),
  'dma-map-cut.bin': written(userRestore({ behind: failing(8, 'DMA_MAP', new Uint8Array(31)) })),
  'set-of-seven-bytes.bin': written(
    userRestore({
      behind: failing(
        8,
        'DEVICE_FEATURE',
        joined([dataHead((2 | (1 << 17)) >>> 0, 16), Uint8Array.of(4, 0, 0)]),
      ),
    }),
  ),
  'state-8.bin': written(
    userRestore({
      behind: [
        userFeature(8, { feature: 2, operation: 'set', data: stateBytes(8) })[0]!,
        answer(8, 'DEVICE_FEATURE', undefined, error),
      ],
    }),
  ),
  'p2p-without-p2p.bin': written(
    userRestore({
      behind: [
        userFeature(8, { feature: 2, operation: 'set', data: stateBytes('RUNNING_P2P') })[0]!,
        answer(8, 'DEVICE_FEATURE', undefined, error),
      ],
    }),
  ),
  'message-lost.bin': writeMessages(lost),
};

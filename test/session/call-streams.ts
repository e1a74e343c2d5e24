import { type SessionRecord, le64, writeSession } from '../../src/container/session/write.ts';
import {
  OFFSET,
  PENDING,
  SIZE,
  STATE,
  get,
  logging,
  loggingReport,
  refused,
  registerRead,
  registerWrite,
  set,
  stateHeader,
  statePort,
  v1Chunk,
  v1Put,
  v1Restore,
  v1Save,
  v2Restore,
  v2Save,
} from '../../src/rules/session-examples.ts';
import { EINVAL, full, loopHeader, loopPort, pieces, written, type Streams } from './streams.ts';

/** What follows 20 bytes of a port, of a port with another divisor. */
const otherRest = Uint8Array.from(statePort.subarray(20), (byte, at) => (at === 11 ? 1 : byte));

/** The setting that gives precopy information its flags. */
const precopyV2: SessionRecord = { record: 'feature', feature: 12, operation: 'set' };
const reset: SessionRecord = { record: 'reset' };
const write = (data: Uint8Array, result?: number): SessionRecord => ({
  record: 'write',
  data,
  ...(result === undefined ? {} : { result }),
});

export const v2Streams: Streams = {
  'restore.bin': written(v2Restore({ header: [write(loopHeader)], port: [write(loopPort)] })),
  'restore-byte-by-byte.bin': written(
    v2Restore({ header: pieces(full, 1).map((piece) => write(piece)), port: [] }),
  ),
  'save-with-precopy.bin': written(
    v2Save({
      header: [{ record: 'read', data: loopHeader }],
      port: [{ record: 'read', data: loopPort }],
    }),
  ),
  'two-devices.bin': written(
    v2Restore({
      device: [
        { record: 'device', protocol: 'v2', name: 'mtty0', state: 'RUNNING' },
        { record: 'device', protocol: 'v2', name: 'mtty1', state: 'STOP', device: 1 },
      ],
      header: [
        write(loopHeader),
        { ...set('RESUMING', { fd: 30 }), device: 1 },
        { ...write(full), device: 1 },
      ],
      port: [write(loopPort), { ...set('STOP'), device: 1 }],
    }),
  ),
  'partial-write-continued.bin': written(
    v2Restore({
      port: [write(loopPort, 6), write(loopPort.subarray(6))],
      header: [write(loopHeader)],
    }),
  ),
  'refused-and-reset.bin': written(
    v2Restore({ port: [write(loopPort, -14)], leave: [reset], run: [] }),
  ),
  'state-8.bin': written(v2Restore({ behind: [set(8, refused)] })),
  'state-error-requested.bin': written(v2Restore({ behind: [set('ERROR', refused)] })),
  'precopy-from-stop-copy.bin': written(v2Save({ leave: [set('PRE_COPY', refused)] })),
  'reports-resuming-after-stop.bin': written(v2Restore({ run: [get('RESUMING')] })),
  'read-after-refused-stop-copy.bin': written(v2Save({ stop: [set('STOP_COPY', refused)] })),
  'read-after-error.bin': written(v2Save({ stop: [get('ERROR')], end: [], leave: [reset] })),
  'write-in-stop.bin': written(v2Restore({ run: [write(loopPort, -19)] })),
  'read-in-running.bin': written(v2Restore({ behind: [{ record: 'read', result: -19 }] })),
  'enomsg-in-stop-copy.bin': written(
    v2Save({ end: [{ record: 'read', result: -42 }, { record: 'read' }] }),
  ),
  'bytes-behind-end.bin': written(
    v2Save({
      port: [{ record: 'read', data: statePort.subarray(0, 20) }],
      end: [{ record: 'read' }, { record: 'read', data: statePort.subarray(20) }],
    }),
  ),
  'read-more-than-asked.bin': written(
    v2Save({ port: [{ record: 'read', data: statePort, asked: 16 }] }),
  ),
  'stopped-before-end.bin': written(v2Save({ end: [] })),
  'partial-write-dropped.bin': written(
    v2Restore({ port: [write(statePort, 20), write(otherRest)] }),
  ),
  'written-on-after-efault.bin': written(
    v2Restore({ header: [write(stateHeader, -14), write(stateHeader)] }),
  ),
  'stopped-after-enomem.bin': written(
    v2Restore({ port: [write(statePort), write(Uint8Array.of(0), -12)] }),
  ),
  'stopped-without-state.bin': written(
    v2Restore({ header: [], port: [], leave: [set('STOP', refused), reset], run: [] }),
  ),
  'stopped-short.bin': written(
    v2Restore({ port: [], leave: [set('STOP', refused), reset], run: [] }),
  ),
  'data-fd-in-running.bin': written(v2Restore({ run: [set('RUNNING', { fd: 21 })] })),
  'data-fd-missing.bin': written(v2Restore({ enter: [set('RESUMING')] })),
  'precopy-info-in-stop-copy.bin': written(
    v2Save({ end: [{ record: 'precopy-info', result: EINVAL }, { record: 'read' }] }),
  ),
  'precopy-info-argsz-4.bin': written(
    v2Save({ info: [{ record: 'precopy-info', argsz: 4, result: EINVAL }] }),
  ),
  'dma-logging.bin': written(
    v2Save({
      info: [
        logging({ count: 256 }),
        precopyV2,
        { record: 'precopy-info', initial: 24n, flags: 1 },
        loggingReport({}),
      ],
    }),
  ),
  'dma-logging-without-range.bin': written(
    v2Save({ info: [logging({ count: 0, result: EINVAL })] }),
  ),
  'dma-logging-of-257-ranges.bin': written(v2Save({ info: [logging({ count: 257, result: -7 })] })),
  'dma-report-of-small-pages.bin': written(
    v2Save({ info: [logging({}), loggingReport({ page: 2048n, result: EINVAL })] }),
  ),
  'dma-report-past-end.bin': written(
    v2Save({ info: [logging({}), loggingReport({ iova: (1n << 64n) - 0x1000n, result: -75 })] }),
  ),
  'precopy-info-flags-undefined.bin': written(
    v2Save({ info: [precopyV2, { record: 'precopy-info', initial: 24n, flags: 2 }] }),
  ),
  'feature-argsz-8.bin': written(
    v2Restore({
      migration: [{ record: 'feature', feature: 1, operation: 'get', argsz: 8, result: EINVAL }],
    }),
  ),
  'feature-get-and-set.bin': written(
    v2Restore({
      migration: [
        { record: 'feature', feature: 1, operation: 'set', flags: 0x3_0001, result: EINVAL },
      ],
    }),
  ),
  'migration-without-stop-copy.bin': written(
    v2Restore({
      migration: [{ record: 'feature', feature: 1, operation: 'get', data: le64(8n | 7n) }],
    }),
  ),
  'record-kind-77.bin': written(v2Restore({ behind: [{ ...reset, kind: 77 }, get('RUNNING')] })),
  'sync-word-damaged.bin': written(
    v2Restore({
      behind: [{ ...reset, sync: Uint8Array.of(0x56, 0x52, 0x65, 0x43) }, get('RUNNING')],
    }),
  ),
  'cut-in-last-record.bin': written(v2Restore(), 5),
  'log-version-2.bin': writeSession({ ...v2Restore().draft, version: 2 }),
  'devices-300.bin': written(
    v2Restore({
      behind: Array.from({ length: 300 }, (_, device) => ({ ...reset, device: device + 1 })),
    }),
  ),
};

const window = 0x1000;
const put = (data: Uint8Array, at = window): SessionRecord => ({
  record: 'region-write',
  at,
  data,
});

export const v1Streams: Streams = {
  'save.bin': written(v1Save({ header: v1Chunk(loopHeader, 60), port: v1Chunk(loopPort, 36) })),
  'restore.bin': written(v1Restore({ header: v1Put(loopHeader), port: v1Put(loopPort) })),
  'restore-in-one-chunk.bin': written(v1Restore({ header: [], port: v1Put(full) })),
  'state-5.bin': written(v1Save({ behind: [registerWrite(STATE, 5n, EINVAL)] })),
  'reserved-bit-set.bin': written(v1Save({ leave: [registerWrite(STATE, 8n)] })),
  'saving-out-of-resuming.bin': written(
    v1Restore({
      leave: [registerWrite(STATE, 2n), registerRead(PENDING, 0n), registerWrite(STATE, 0n)],
    }),
  ),
  'pending-bytes-in-four-bytes.bin': written(
    v1Save({ behind: [{ record: 'region-read', at: PENDING, data: new Uint8Array(4) }] }),
  ),
  'data-offset-written.bin': written(
    v1Restore({ enter: [registerWrite(STATE, 4n), registerWrite(OFFSET, 0x1800n)] }),
  ),
  'data-size-before-data.bin': written(
    v1Restore({
      port: [...v1Put(statePort).slice(0, 1), registerWrite(SIZE, 36n), put(statePort)],
    }),
  ),
  'data-offset-not-read.bin': written(
    v1Save({ header: v1Chunk(stateHeader, 60).filter((_, step) => step !== 1) }),
  ),
  'window-over-registers.bin': written(v1Save({ behind: [registerRead(OFFSET, 16n)] })),
  'window-past-region.bin': written(
    v1Save({ behind: [registerRead(OFFSET, 0x1000n), registerRead(SIZE, 0x1001n)] }),
  ),
  'window-wraps.bin': written(
    v1Save({ behind: [registerRead(OFFSET, 0x1000n), registerRead(SIZE, 0xffff_ffff_ffff_f000n)] }),
  ),
  'data-outside-window.bin': written(
    v1Restore({
      port: [registerRead(OFFSET, BigInt(window)), put(statePort, 0x800), registerWrite(SIZE, 36n)],
    }),
  ),
  'chunk-lost.bin': written(v1Save({ port: v1Chunk(statePort, 48) })),
  'pending-when-stopped.bin': written(v1Save({ end: [registerRead(PENDING, 12n)] })),
  'chunk-read-with-none-pending.bin': written(v1Save({ port: v1Chunk(statePort, 0) })),
  'chunk-read-short.bin': written(
    v1Save({
      port: [
        registerRead(PENDING, 36n),
        registerRead(OFFSET, BigInt(window)),
        registerRead(SIZE, 37n),
        { record: 'region-read', at: window, data: statePort },
      ],
    }),
  ),
  'chunk-committed-longer.bin': written(
    v1Restore({ port: [...v1Put(statePort).slice(0, 2), registerWrite(SIZE, 37n)] }),
  ),
  'chunk-refused-and-ignored.bin': written(
    v1Restore({
      header: [
        ...v1Put(stateHeader).slice(0, 2),
        registerWrite(SIZE, 24n, EINVAL),
        registerWrite(SIZE, 24n),
      ],
    }),
  ),
  'error-state-ignored.bin': written(
    v1Save({ end: [registerRead(PENDING, 0n), registerRead(STATE, 6n)] }),
  ),
  'refused-state-not-read.bin': written(
    v1Save({
      stop: [registerWrite(STATE, 2n, EINVAL)],
      end: [],
      leave: [registerWrite(STATE, 1n)],
    }),
  ),
  'resumed-without-state.bin': written(v1Restore({ header: [], port: [] })),
};

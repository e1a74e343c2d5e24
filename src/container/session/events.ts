import type { Protocol } from './format.ts';
import type { DmaLogging } from './logging.ts';
import type { StateName } from './states.ts';

/** What a walker of recorded sessions says besides the device state itself. */
export type SessionEvent =
  | SessionHeader
  | SessionDevice
  | SessionMessage
  | SessionFeature
  | SessionState
  | SessionReport
  | SessionData
  | SessionPrecopy
  | SessionReset
  | SessionAccess
  | SessionClose;

interface OfDevice {
  readonly offset: number;
  readonly length: number;
  /** The device or connection, as the recording names it. */
  readonly session: string;
}

export interface SessionHeader {
  readonly kind: 'session-header';
  readonly offset: number;
  readonly length: number;
  /** `messages`: one direction of a vfio-user socket, without records around the messages. */
  readonly form: 'log' | 'messages';
  readonly version: number;
}

/** A device is declared, or met without a declaration. */
export interface SessionDevice extends OfDevice {
  readonly kind: 'session-device';
  readonly protocol: Protocol;
  readonly state: StateName | undefined;
  readonly flags: bigint;
  readonly regionSize: bigint;
}

/** One vfio-user message: its header as it is, and what its body says. */
export interface SessionMessage extends OfDevice {
  readonly kind: 'session-message';
  readonly protocol: 'vfio-user';
  readonly from: 'client' | 'server';
  readonly id: number;
  readonly command: number;
  /** `msg_size`, and how many bytes the recording has of the message. */
  readonly size: number;
  readonly got: number;
  readonly flags: number;
  readonly error: number;
  /** The device's state when this message was sent, as far as it is known. */
  readonly state: StateName | undefined;
  /** Requests: how many with the same id wait for a reply. Replies: how their request is known. */
  readonly pending?: number;
  readonly request?: 'found' | 'none' | 'not-recorded' | 'command-differs';
  readonly version?: VersionBody;
  readonly feature?: FeatureBody;
  readonly data?: DataBody;
  /** REGION_ and DMA_ transfers: bytes that the request asks for or brings. */
  readonly count?: bigint;
  /** `max_data_xfer_size` of the side that this message goes to, or what holds without one. */
  readonly limit: number;
}

export interface VersionBody {
  readonly major: number;
  readonly minor: number;
  /** `none`: the message ends behind the numbers. */
  readonly text: 'none' | 'read' | 'unterminated' | 'not-json' | 'too-deep' | 'too-long';
  /** Members that are not what the specification gives them as: `capabilities is an array`. */
  readonly wrong: readonly string[];
  /** `max_data_xfer_size` as written, where it is a number. */
  readonly transfer?: number;
  /** `migration.pgsize` as written, where it is a number. */
  readonly page?: number;
  /** Messages were seen on this connection before. */
  readonly late: boolean;
}

export interface FeatureBody {
  readonly argsz: number;
  readonly flags: number;
  /** Bytes behind the eight of the head. */
  readonly got: number;
}

export interface DataBody {
  readonly argsz: number;
  readonly size: number;
  /** Bytes behind the eight of the head. */
  readonly got: number;
  /** Replies to a read: what their request asked for. */
  readonly asked?: number;
}

/** A call of VFIO_DEVICE_FEATURE, or the vfio-user message of that name, with its result. */
export interface SessionFeature extends OfDevice, FeatureBody {
  readonly kind: 'session-feature';
  readonly protocol: Protocol;
  /** 0, or what was wrong as −errno; undefined when nobody recorded it. */
  readonly result: number | undefined;
  /** MIGRATION, read: the flags. */
  readonly migration?: bigint;
  /** DMA_LOGGING_START and DMA_LOGGING_REPORT: what was asked for. */
  readonly logging?: DmaLogging;
}

/** Somebody asked for a device state; all three protocols in the words of v2. */
export interface SessionState extends OfDevice {
  readonly kind: 'session-state';
  readonly protocol: Protocol;
  readonly from: StateName | undefined;
  /** As written; v1 bits as the number of their v2 state, or as they are when they mean none. */
  readonly to: number;
  readonly target: StateName | undefined;
  /** States on the way, the last included; undefined where the request is refused, or `from` unknown. */
  readonly path: readonly StateName[] | undefined;
  readonly result: number | undefined;
  /** v2 and vfio-user: no state of this device leads to `target`. */
  readonly never?: true;
  /** What v2 returned as `data_fd`. */
  readonly dataFd?: number;
  /** RESUMING: bytes of device state that were taken since it was entered. */
  readonly restored?: number;
  /** STOP_COPY: the end of the data was read. */
  readonly drained?: boolean;
}

/** The device said in which state it is. */
export interface SessionReport extends OfDevice {
  readonly kind: 'session-report';
  readonly protocol: Protocol;
  readonly value: number;
  readonly state: StateName | undefined;
  /** What followed from the requests before; undefined when several states are possible. */
  readonly expected: StateName | undefined;
}

/** A piece of device state was read or written. */
export interface SessionData extends OfDevice {
  readonly kind: 'session-data';
  readonly protocol: Protocol;
  readonly operation: 'read' | 'write';
  readonly state: StateName | undefined;
  /** Bytes that the caller asked for, or offered. */
  readonly asked: number;
  /** Bytes that were moved, or −errno; undefined when nobody recorded it. */
  readonly result: number | undefined;
  /** The first bytes of what was offered, and of what was not taken of it: at most 16 of each. */
  readonly head: Uint8Array;
  readonly rest: Uint8Array;
}

/** VFIO_MIG_GET_PRECOPY_INFO. */
export interface SessionPrecopy extends OfDevice {
  readonly kind: 'session-precopy';
  readonly state: StateName | undefined;
  readonly argsz: number;
  readonly flags: number;
  readonly initial: bigint;
  readonly dirty: bigint;
  readonly result: number;
}

export interface SessionReset extends OfDevice {
  readonly kind: 'session-reset';
  readonly protocol: Protocol;
  readonly result: number | undefined;
}

/** One access to a v1 migration region. */
export interface SessionAccess extends OfDevice {
  readonly kind: 'session-access';
  readonly operation: 'read' | 'write';
  /** The register that begins there; `data` at and behind byte 32, `none` between registers. */
  readonly register: RegisterName | 'data' | 'none';
  /** Offset in the migration region. */
  readonly at: bigint;
  readonly size: number;
  readonly result: number;
  /** Of registers, when the access has their width. */
  readonly value?: bigint;
  readonly state: StateName | undefined;
  /** Bytes of the region; 0 when nobody recorded it. */
  readonly regionSize: bigint;
}

export type RegisterName =
  'device_state' | 'reserved' | 'pending_bytes' | 'data_offset' | 'data_size';

/** The recording of a device ends. */
export interface SessionClose extends OfDevice {
  readonly kind: 'session-close';
  readonly state: StateName | undefined;
  /** Requests that nobody answered. */
  readonly unanswered: number;
}

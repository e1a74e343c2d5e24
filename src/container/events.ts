import type { SealedIdentity } from './sealed/format.ts';
import type { SessionEvent } from './session/events.ts';

/**
 * What a container walker says while the bytes flow.
 *
 * A walker reports facts and owns no judgement: what is wrong with a fact, and how bad it is,
 * is for the rules to say. Every offset is an offset of the file that the user gave. Events come
 * in stream order, and none holds more than a bounded number of bytes.
 */
export type ContainerEvent =
  | QemuHeader
  | QemuConfiguration
  | QemuCommand
  | SectionStart
  | SectionEnd
  | RamBlock
  | VfioRecord
  | DeviceOpen
  | DeviceBytes
  | DeviceConfig
  | DeviceClose
  | QemuEof
  | Vmdesc
  | Trailing
  | LibvirtHeader
  | LibvirtText
  | LibvirtPayload
  | MultifdHello
  | MultifdPacket
  | MultifdState
  | Snapshot
  | SealedHeader
  | SealedFrame
  | SealedContent
  | SessionEvent
  | Note
  | Fault;

export type EventSink = (event: ContainerEvent) => void;

/** A fed walker: any chunking of the same bytes gives the same events. */
export interface Walker {
  /** `bytes` is borrowed until the call returns. */
  push(bytes: Uint8Array): void;
  /** Bytes behind those that were pushed that nobody will look at; 0 where a walker has none. */
  passing?(): number;
  /** Stands for a push of so many bytes, at most `passing()`. */
  passOver?(count: number): void;
  /**
   * Bytes so far that the stream declares to be guest memory, or pieces of device state: those may have
   * been folded without a limit. A walker that cannot tell has none.
   */
  declared?(): number;
  /** The input is complete; what is still open is cut here. */
  end(): void;
  /**
   * Offset of the file before which everything has been told and nothing will be looked at again;
   * where a walker has none, nothing is settled before the end.
   */
  settled?(): number;
  /**
   * Whether the stream has come to its end: `ended` when it has if nothing but a description follows,
   * `complete` whatever follows.
   */
  stage?(): 'inside' | 'ended' | 'complete';
}

/** What every event has: where it stands in the file. Lengths and offsets in bytes. */
interface Placed {
  readonly offset: number;
  readonly length: number;
}

export interface QemuHeader extends Placed {
  readonly kind: 'header';
  readonly version: number;
}

export interface QemuConfiguration extends Placed {
  readonly kind: 'configuration';
  readonly machine: string;
  readonly subsections: readonly ConfigurationSubsection[];
}

export interface ConfigurationSubsection extends Placed {
  readonly name: string;
  readonly version: number;
  /** Page bits as a number, capabilities as names, a UUID as 32 hex digits. */
  readonly value: number | string | readonly string[];
}

export interface QemuCommand extends Placed {
  readonly kind: 'command';
  readonly command: number;
  /** `PING`, …; `UNKNOWN` for a number that no QEMU writes. */
  readonly name: string;
  readonly payload: Uint8Array;
  /** PACKAGED: bytes of the items that follow as a stream of their own. */
  readonly packaged?: number;
}

export type SectionType = 'start' | 'part' | 'end' | 'full';

/** The header of one section. PART and END take names and numbers from the START of their id. */
export interface Section {
  readonly type: SectionType;
  /** Offset of the type byte. */
  readonly offset: number;
  readonly bodyOffset: number;
  readonly id: number;
  /** False when a PART or END names an id that no START introduced. */
  readonly known: boolean;
  readonly idstr: string;
  readonly instance: number;
  readonly version: number;
  /** Which grammar reads the body. */
  readonly grammar:
    'ram' | 'vfio' | 'dirty-bitmap' | 'htab' | 's390-attributes' | 'block' | 'device';
  /** Index of the device for `vfio` sections: its position among the `device-open` events. */
  readonly device: number | undefined;
  /** This section was found again after sync was lost, so its place is an inference. */
  readonly recovered: boolean;
}

export interface SectionStart extends Placed {
  readonly kind: 'section';
  readonly section: Section;
}

/** How the end of a body was found: by its grammar, from the vmdescription, or by searching a footer or header. */
export type SizedBy = 'grammar' | 'vmdesc' | 'footer-scan' | 'header-scan' | 'input-end';

export interface SectionEnd {
  readonly kind: 'section-end';
  readonly section: Section;
  /** Offset behind the footer, where the next item begins. */
  readonly offset: number;
  readonly bodyLength: number;
  /** `off`: this stream has no footers. */
  readonly footer: 'present' | 'absent' | 'wrong-id' | 'off';
  readonly sizedBy: SizedBy;
  /** Records by kind, e.g. `{ ZERO: 1102, PAGE: 52, EOS: 1 }`; RAM sections only. */
  readonly ram?: Readonly<Record<string, number>>;
}

/** One entry of the MEM_SIZE list. */
export interface RamBlock extends Placed {
  readonly kind: 'ram-block';
  readonly name: string;
  readonly usedLength: bigint;
  readonly pageSize?: bigint;
  readonly address?: bigint;
  readonly mapped?: {
    readonly version: number;
    readonly pageSize: bigint;
    readonly bitmapOffset: bigint;
    readonly pagesOffset: bigint;
  };
}

/** One 64-bit tag in the body of a VFIO section, with what follows it. */
export interface VfioRecord extends Placed {
  readonly kind: 'vfio-record';
  readonly section: Section;
  readonly tag: bigint;
  /** `DEV_DATA_STATE`, …; `UNKNOWN` for other tags. */
  readonly name: string;
  /** Data records: the length field as written, and where the data begins. */
  readonly dataLength?: bigint;
  readonly dataOffset?: number;
}

/** The first section of a device was met. */
export interface DeviceOpen {
  readonly kind: 'device-open';
  readonly device: number;
  /** The idstr: `0000:00:02.0/vfio`. */
  readonly name: string;
  readonly instance: number;
  readonly offset: number;
}

/** A piece of a device's state; pieces of one device concatenate to the bytes its driver wrote. */
export interface DeviceBytes {
  readonly kind: 'device-bytes';
  readonly device: number;
  readonly offset: number;
  /** Borrowed: valid until the sink returns. */
  readonly bytes: Uint8Array;
  /** The file holds them as base64 from `offset` on, whole groups of four characters. */
  readonly packed?: true;
}

/** The body of one CONFIG record, without its tag and the tag behind it. At most 256 KiB are held. */
export interface DeviceConfig extends Placed {
  readonly kind: 'device-config';
  readonly device: number;
  readonly section: Section;
  readonly bytes: Uint8Array;
  /** `grammar`: a tag stands where the config space itself says that the record ends. */
  readonly sizedBy: SizedBy;
  /** Bytes of PCI config space in the record; undefined when its length does not follow from one. */
  readonly space: 256 | 4096 | undefined;
}

/** Everything of this device that the input holds has been seen. */
export interface DeviceClose {
  readonly kind: 'device-close';
  readonly device: number;
  /** Bytes of device state that were given as `device-bytes`. */
  readonly bytes: number;
  /** The rest of the state travels somewhere else, e.g. in multifd channels. */
  readonly partial?: boolean;
}

export interface QemuEof extends Placed {
  readonly kind: 'eof';
}

/** The JSON that the source wrote about its sections; a hint, never evidence. */
export interface Vmdesc extends Placed {
  readonly kind: 'vmdesc';
  readonly state: 'read' | 'damaged' | 'too-large';
  readonly devices: number;
  readonly pageSize: number | undefined;
}

/** Bytes behind the last thing that the container's grammar explains. */
export interface Trailing extends Placed {
  readonly kind: 'trailing';
  /** All of them are 0, as in a VM state area that is longer than its stream. */
  readonly zero: boolean;
}

/** The header of a libvirt save image; its numbers as written, in the byte order that makes sense. */
export interface LibvirtHeader extends Placed {
  readonly kind: 'libvirt-header';
  /** `partial`: libvirt was still saving, or stopped while it did. */
  readonly magic: 'complete' | 'partial' | 'other';
  readonly byteOrder: 'little' | 'big';
  readonly version: number;
  /** Bytes of XML, cookie and padding behind the header. */
  readonly dataLength: number;
  readonly wasRunning: number;
  readonly format: number;
  /** `raw`, `gzip`, …; `unknown` for a number that no libvirt writes. */
  readonly formatName: string;
  readonly cookieOffset: number;
  /** All words that the header leaves unused are 0. */
  readonly unusedZero: boolean;
}

/** The domain XML or the cookie of a libvirt save image. */
export interface LibvirtText extends Placed {
  readonly kind: 'libvirt-text';
  readonly part: 'domain' | 'cookie' | 'padding';
  /** A NUL ends the text inside the bytes that belong to it; for padding, all of it is 0. */
  readonly terminated: boolean;
  /** Idstrs that the VFIO devices of the domain should have; only where the XML gives a PCI address on bus 0. */
  readonly devices: readonly string[];
  /** The domain has no host devices but those that it lists. */
  readonly complete: boolean;
}

/** Where the QEMU stream of a libvirt save image begins, and how it is wrapped. */
export interface LibvirtPayload extends Placed {
  readonly kind: 'libvirt-payload';
  readonly formatName: string;
  /** The first bytes are those of the format that the header names. */
  readonly matches: boolean;
}

/** The first bytes of a multifd side channel. */
export interface MultifdHello extends Placed {
  readonly kind: 'multifd-hello';
  readonly version: number;
  readonly uuid: string;
  readonly channel: number;
}

/** One packet of a multifd side channel; its pages and device bytes are passed over. */
export interface MultifdPacket extends Placed {
  readonly kind: 'multifd-packet';
  readonly flags: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
  /** Pages of guest memory. */
  readonly ram?: {
    readonly block: string;
    readonly allocated: number;
    readonly normal: number;
    readonly zero: number;
    readonly number: bigint;
    /** Bytes of a page as the packet counts them. */
    readonly pageSize: number;
    /** The largest of the offsets in the block; undefined when the packet has none. */
    readonly farthest?: bigint;
    /** An offset that is not that of a page. */
    readonly misplaced?: bigint;
  };
  /** A piece of device state, in an order that only `index` tells. */
  readonly device?: {
    readonly idstr: string;
    readonly instance: number;
    readonly version: number;
    readonly index: number;
    readonly flags: number;
    readonly terminated: boolean;
  };
}

/**
 * What the side channels hold of one device, told when its main channel has ended. Indexes count
 * from 0 up to the packet that holds the config record.
 */
export interface MultifdState extends Placed {
  readonly kind: 'multifd-state';
  readonly device: number;
  readonly name: string;
  /** Packets of this device, each index once, and how many of them say that they are the config. */
  readonly packets: number;
  readonly configs: number;
  /** Bytes of device state in the packets up to the first gap. */
  readonly bytes: number;
  /** Runs of indexes that no packet has; `offset` is that of the packet behind the run. */
  readonly missing: readonly {
    readonly from: number;
    readonly count: number;
    readonly offset: number;
  }[];
  /** Packets that come behind the config record in the order of indexes. */
  readonly behindConfig: readonly { readonly index: number; readonly offset: number }[];
  /** Where those packets stand that say they are the config. */
  readonly configPackets: readonly { readonly offset: number }[];
}

/** A Cloud Hypervisor snapshot has been read to its end. */
export interface Snapshot extends Placed {
  readonly kind: 'snapshot';
  readonly devices: number;
}

/** The header of a sealed state, which all of its signers have signed; times in seconds. */
export interface SealedHeader extends Placed {
  readonly kind: 'sealed-header';
  readonly frameSize: number;
  readonly threshold: number;
  readonly sequence: bigint;
  readonly created: number;
  /** 0 for never. */
  readonly expires: number;
  /** What tells this seal from every other, in hex. */
  readonly seal: string;
  /** Public keys in hex, the id that people see, and where each stands. */
  readonly signers: readonly {
    readonly key: string;
    readonly id: string;
    readonly offset: number;
  }[];
  readonly identity: SealedIdentity;
}

/** One frame of a sealed state, when its signatures hold. */
export interface SealedFrame extends Placed {
  readonly kind: 'sealed-frame';
  readonly index: bigint;
  readonly last: boolean;
  /** Bytes of the state in it. */
  readonly bytes: number;
}

/** What the bytes of a sealed state are the beginning of. */
export interface SealedContent extends Placed {
  readonly kind: 'sealed-content';
  readonly container: string;
}

/** A harmless fact that a reader of the report should know, e.g. what was passed over and why. */
export interface Note extends Placed {
  readonly kind: 'note';
  readonly code: string;
  readonly text: string;
  /** Something that belongs to the input was passed over, so its state is not judged. */
  readonly unread?: true;
}

/**
 * The container's grammar is broken here. `code` names what, one rule judges each code, and
 * `wanted`/`got` carry its numbers. After a fault the walker goes on where its resynchronisation
 * rule says, and `resumed` tells where that is.
 */
export interface Fault extends Placed {
  readonly kind: 'fault';
  readonly code: FaultCode;
  readonly section?: Section;
  readonly device?: number;
  readonly wanted?: bigint | number | string;
  readonly got?: bigint | number | string;
  readonly resumed?: number;
}

export type FaultCode =
  | 'truncated'
  | 'unsupported-version'
  | 'unknown-item'
  | 'unknown-section-id'
  | 'missing-footer'
  | 'footer-id-mismatch'
  | 'unknown-vfio-tag'
  | 'missing-end-of-state'
  | 'data-length-past-end'
  | 'config-end-not-found'
  | 'ram-record-invalid'
  | 'ram-block-list'
  | 'mapped-ram-header'
  | 'command-invalid'
  | 'configuration-invalid'
  | 'section-header-invalid'
  | 'section-not-delimited'
  | 'vfio-in-device'
  | 'iterable-invalid'
  | 'package-overrun'
  | 'multifd-hello-invalid'
  | 'multifd-packet-invalid'
  | 'multifd-truncated'
  | 'multifd-config-invalid'
  | 'multifd-config-trailing'
  | 'multifd-device-unknown'
  | 'multifd-page-outside'
  | 'snapshot-damaged'
  | 'items-after-eof'
  | 'vmdesc-disagrees'
  | 'vmdesc-damaged'
  | 'sealed-header'
  | 'sealed-version'
  | 'sealed-suite'
  | 'sealed-truncated'
  | 'sealed-header-signature'
  | 'sealed-frame-signature'
  | 'sealed-frame-spliced'
  | 'sealed-frame-misplaced'
  | 'sealed-frame-repeated'
  | 'sealed-frame'
  | 'sealed-trailing'
  | 'session-version'
  | 'session-record-invalid'
  | 'session-message-lost'
  | 'session-truncated'
  | 'session-budget'
  | 'budget';

import type { ReadAt, Source } from '../bytes/source.ts';
import { detectContainer, detectionHead } from '../container/detect.ts';
import type { ContainerName } from '../container/names.ts';
import type { ContainerEvent, DeviceConfig, Walker } from '../container/events.ts';
import { isPciSection } from '../container/qemu/pci-config.ts';
import { walkerFor } from '../container/walker.ts';
import type { Format } from '../formats/format.ts';
import type { Budgets } from '../layout/leaf-reader.ts';
import type { InputEnd, StateBegin, StateEnd, Unit } from '../rules/rule.ts';
import { ChannelError, Channels } from './channels.ts';
import { DeviceState, type DeviceResult } from './device.ts';
import { Payload } from './payload.ts';
import { Blocks, eachBlock, unwrapped } from './unwrap.ts';

/** More devices than any machine has; what lies behind the limit is walked, not decoded. */
const MOST_DEVICES = 1024;

export interface ExamineOptions {
  /** Instead of telling it by content. */
  readonly container?: ContainerName | undefined;
  readonly format?: Format | undefined;
  /** Formats that states may have, first ones first; the built-in ones where none are given. */
  readonly formats?: readonly Format[] | undefined;
  readonly budgets?: Partial<Budgets> | undefined;
  /** The side channels of a migration with multifd, where the source is its main channel. */
  readonly channels?: readonly Source[] | undefined;
  /** Whether the results tell the SHA-256 of each state. */
  readonly digest?: boolean | undefined;
  /** Stops the pass when it holds. */
  readonly expired?: (() => boolean) | undefined;
  readonly progress?: ((done: number, size: number | undefined) => void) | undefined;
  /** Bytes of a sealed state that are walked, all where this is left out. */
  readonly look?: number | undefined;
  /** The end of the input may be long in coming, so nothing there is waited for. */
  readonly live?: boolean | undefined;
  /** Whether states that no format explains are described from outside: digest, entropy, pointers. */
  readonly analyse?: boolean | undefined;
  /** Takes the state of a seal, each frame when its signatures hold; borrowed until it returns. */
  readonly release?: ((payload: Uint8Array, last: boolean) => void) | undefined;
}

/** Who wants to know what is in an input: the rules, or the printer of a field tree. */
export interface Observer {
  readonly event?: (event: ContainerEvent) => void;
  readonly begin?: (state: StateBegin) => void;
  readonly unit?: (unit: Unit) => void;
  readonly state?: (state: StateEnd) => void;
  readonly end?: (input: InputEnd) => void;
}

export interface Examined {
  readonly container: ContainerName;
  /** What was wrapped around it: `gzip`, `zstd`, … */
  readonly wrapper: string | undefined;
  readonly bytes: number;
  readonly devices: readonly DeviceResult[];
  /** The pass was stopped before the end of the input. */
  readonly expired: boolean;
}

/**
 * One pass over one input: finds its container, gathers each device's state from it, decodes the
 * states, and tells the observer everything in stream order. Nothing of the input's size is held.
 */
export const examine = async (
  source: Source,
  observer: Observer,
  options: ExamineOptions = {},
): Promise<Examined> => {
  const plain = await unwrapped(source);
  const blocks = new Blocks(plain.blocks());
  const head = await blocks.head(detectionHead, options.expired);
  const container = options.container ?? detectContainer(head);
  const declared = (): number => examination.declared;
  plain.allow?.({ declared });
  const payload = new Payload(blocks, { declared });
  const { readAt, size } = plain;
  const { unpacked } = payload;
  const examination = new Examination(container, observer, options, { readAt, size, unpacked });
  await examination.begin();
  let expired = false;
  const take = (block: Uint8Array): boolean => {
    examination.push(block);
    options.progress?.(examination.bytes, unpacked() ? undefined : size);
    expired = options.expired?.() ?? false;
    return !expired;
  };
  await eachBlock(await payload.blocks(container), take, examination);
  const { bytes } = examination;
  const damage = plain.damage ?? payload.damage;
  const devices = examination.end({ damage, expired, bytes: payload.end(bytes) });
  return { container, wrapper: plain.wrapper, bytes, devices, expired };
};

/** An examination whose bytes are pushed in, for who must know how far it has come. */
export class Examination {
  readonly #container: ContainerName;
  readonly #observer: Observer;
  readonly #options: ExamineOptions;
  readonly #seeking: Seekable;
  readonly #states: States;
  #walker: Walker | undefined;
  #bytes = 0;

  constructor(
    container: ContainerName,
    observer: Observer,
    options: ExamineOptions,
    seeking: Seekable,
  ) {
    this.#container = container;
    this.#observer = observer;
    this.#options = options;
    this.#seeking = seeking;
    this.#states = new States(observer, options, container, seeking.size);
  }

  /** Bytes that were pushed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Looks at what must be known before the first byte: side channels, a description at the end. */
  async begin(): Promise<void> {
    await this.#states.walkChannels();
    const { release, look, live } = this.#options;
    this.#walker = walkerFor(this.#container, this.#states.main, {
      ...this.#seeking,
      release,
      look,
      live,
    });
  }

  /** Bytes that the container declares to be guest memory or device state. */
  get declared(): number {
    return this.#walker?.declared?.() ?? 0;
  }

  /**
   * Offset before which every rule that looks at single parts has spoken: units, records and items
   * end there or before. 0 for containers that are judged only as a whole.
   */
  get settled(): number {
    return Math.min(this.#walker?.settled?.() ?? 0, this.#states.settled);
  }

  /** Whether the stream says that it has ended, whatever follows. */
  get stage(): 'inside' | 'ended' | 'complete' {
    return this.#walker?.stage?.() ?? 'inside';
  }

  push(block: Uint8Array): void {
    this.#walker?.push(block);
    this.#bytes += block.length;
  }

  /** Bytes behind those that were pushed that need not be. */
  readonly passing = (): number => this.#walker?.passing?.() ?? 0;

  readonly passOver = (count: number): void => {
    this.#walker?.passOver?.(count);
    this.#bytes += count;
  };

  /** Ends the input; says why it ended early, where it did. */
  end({
    damage,
    expired,
    bytes = this.#bytes,
  }: Omit<InputEnd, 'bytes'> & Partial<InputEnd>): readonly DeviceResult[] {
    this.#walker?.end();
    const devices = this.#states.end();
    this.#observer.end?.({ bytes, damage: damage ?? this.#states.damage, expired });
    return devices;
  }
}

/** What an examination may ask of its input besides the bytes in order. */
interface Seekable {
  readonly readAt: ReadAt | undefined;
  readonly size: number | undefined;
  /** Whether the payload of a libvirt image comes unpacked. */
  readonly unpacked?: () => boolean;
}

/** The device states of one input, by the container's device numbers. */
class States {
  readonly #observer: Observer;
  readonly #options: ExamineOptions;
  readonly #bare: boolean;
  readonly #size: number | undefined;
  readonly #open = new Map<number, DeviceState>();
  readonly #results: DeviceResult[] = [];
  readonly #channels: Channels | undefined;

  constructor(
    observer: Observer,
    options: ExamineOptions,
    container: ContainerName,
    size: number | undefined,
  ) {
    this.#observer = observer;
    this.#options = options;
    this.#bare = container === 'device-state';
    this.#size = this.#bare ? size : undefined;
    const { channels = [], expired } = options;
    if (channels.length === 0) return;
    if (container !== 'qemu') {
      throw new ChannelError(
        `the input is no main channel of QEMU but: ${container}`,
        'channels go with the stream of the main channel, which begins with QEVM',
      );
    }
    this.#channels = new Channels(channels, this.take, expired ?? (() => false));
  }

  /** Why a side channel ended early, when a compression around it was damaged. */
  get damage(): string | undefined {
    return this.#channels?.damage;
  }

  /** Offset of the first byte of any open state that no rule has seen yet. */
  get settled(): number {
    let least = Infinity;
    for (const state of this.#open.values()) least = Math.min(least, state.settled);
    return least;
  }

  /** Side channels come first, so that their packets are known when a device ends. */
  async walkChannels(): Promise<void> {
    await this.#channels?.walk();
  }

  /** Takes what the walker of the input tells. */
  readonly main = (event: ContainerEvent): void => {
    if (this.#channels === undefined) {
      this.take(event);
      return;
    }
    this.#channels.main(event);
    // The channels that the main one says are missing are here.
    if (event.kind === 'note' && event.code === 'multifd-main-channel') return;
    if (event.kind !== 'device-close') {
      this.take(event);
      return;
    }
    const { kind, device, bytes } = event;
    const whole = this.#channels.close(device);
    this.take({ kind, device, bytes, ...(whole ? {} : { partial: true }) });
  };

  readonly take = (event: ContainerEvent): void => {
    switch (event.kind) {
      case 'device-open':
        if (event.device < MOST_DEVICES) this.#begin(event.device, event.name, event.offset);
        break;
      case 'device-bytes':
        this.#open.get(event.device)?.push(event.bytes, event.offset, event.packed);
        return; // Bytes are for the state; no observer of events wants them.
      case 'device-config':
        this.#told(event.device, pciIdOf(event));
        break;
      case 'device-close':
        this.#finish(event.device, event.partial === true ? 'beginning' : 'whole');
        break;
      default:
        break;
    }
    if (!this.#bare) this.#observer.event?.(event);
  };

  /** Ends what the container did not close. */
  end(): readonly DeviceResult[] {
    this.#channels?.end();
    for (const device of [...this.#open.keys()]) this.#finish(device);
    return this.#results;
  }

  #begin(device: number, name: string, offset: number): void {
    const { format, formats, budgets, digest, analyse, live: early } = this.#options;
    const state = new DeviceState(
      {
        ...{ name: this.#bare ? '' : name, size: this.#size },
        ...{ format, formats, budgets, digest, analyse, early },
      },
      {
        begin: (state) => this.#observer.begin?.(state),
        unit: (unit) => this.#observer.unit?.(unit),
        state: (end) => this.#observer.state?.(end),
      },
    );
    state.startAt(offset);
    this.#open.set(device, state);
  }

  #told(device: number, pci: string | undefined): void {
    if (pci !== undefined) this.#open.get(device)?.pciId(pci);
  }

  #finish(device: number, part: 'whole' | 'beginning' = 'whole'): void {
    const state = this.#open.get(device);
    if (state === undefined) return;
    this.#open.delete(device);
    this.#results.push(state.end(part));
  }
}

/** Vendor and device id of a saved config space; undefined where the device has none. */
export const pciIdOf = ({ bytes, section }: DeviceConfig): string | undefined => {
  if (bytes.length < 8 || !isPciSection(section)) return undefined;
  const word = (at: number): string =>
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)).toString(16).padStart(4, '0');
  return `${word(4)}:${word(6)}`;
};

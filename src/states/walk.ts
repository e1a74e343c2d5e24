import { detectContainer, detectionHead } from '../container/detect.ts';
import type { ContainerName } from '../container/names.ts';
import type { ContainerEvent } from '../container/events.ts';
import { walkerFor } from '../container/walker.ts';
import type { ReadAt } from '../bytes/source.ts';
import { DeviceState } from '../check/device.ts';
import { pciIdOf } from '../check/examine.ts';
import type { Format } from '../formats/format.ts';
import type { Unit } from '../rules/rule.ts';
import { Runs } from './runs.ts';
import type { Seekable } from './open.ts';

const BLOCK = 1 << 20;
/** More devices than any machine has; the bytes of others are the container's. */
const MOST_DEVICES = 1024;

export interface WalkOptions {
  readonly container?: ContainerName | undefined;
  readonly format?: Format | undefined;
  /** Formats that are tried; the built-in ones when left out. */
  readonly formats?: readonly Format[] | undefined;
}

/** One device of an input, and its state as bytes that can be read at any place. */
export interface HeldDevice {
  readonly device: number;
  /** As the container names it; empty for a bare state. */
  readonly name: string;
  readonly instance: number;
  readonly format: string;
  readonly bytes: number;
  /** The rest of the state travels somewhere else. */
  readonly partial: boolean;
  readonly runs: Runs;
  readonly read: ReadAt;
}

export interface Walked {
  readonly input: Seekable;
  readonly container: ContainerName;
  readonly devices: readonly HeldDevice[];
}

export interface WalkSink {
  /** Everything but the bytes of the states. */
  readonly event?: (event: ContainerEvent) => void;
  /** A decoded unit of one device, whose bytes can be read already. */
  readonly unit?: (device: Opened, unit: Unit) => void;
  /** Bytes of a state came; they are read through the device. */
  readonly bytes?: (device: number, offset: number, length: number) => void;
  /** A page of guest memory stands in the stream. */
  readonly guest?: (offset: number, length: number) => void;
}

/** A device while its state is being read. */
export type Opened = Pick<HeldDevice, 'device' | 'name' | 'instance' | 'runs' | 'read'>;

/** One pass over an input that can seek: its container, its devices, and where their bytes lie. */
export const walkStates = (
  input: Seekable,
  sink: WalkSink = {},
  options: WalkOptions = {},
): Walked => {
  const head = input.readAt(0, detectionHead);
  const container = options.container ?? detectContainer(head);
  const states = new States(input, container, sink, options);
  const { readAt, size } = input;
  const walker = walkerFor(container, states.take, { readAt, size, guest: sink.guest });
  for (let at = 0; at < size; at += BLOCK) {
    const block = readAt(at, BLOCK);
    if (block.length === 0) break;
    walker.push(block);
  }
  walker.end();
  return { input, container, devices: states.end() };
};

class States {
  readonly #input: Seekable;
  readonly #bare: boolean;
  readonly #sink: WalkSink;
  readonly #options: WalkOptions;
  readonly #open = new Map<number, { readonly opened: Opened; readonly state: DeviceState }>();
  readonly #done: HeldDevice[] = [];

  constructor(input: Seekable, container: ContainerName, sink: WalkSink, options: WalkOptions) {
    this.#input = input;
    this.#bare = container === 'device-state';
    this.#sink = sink;
    this.#options = options;
  }

  readonly take = (event: ContainerEvent): void => {
    switch (event.kind) {
      case 'device-open':
        if (event.device < MOST_DEVICES) this.#begin(event.device, event.name, event.instance);
        break;
      case 'device-bytes': {
        const { device, offset, bytes } = event;
        const entry = this.#open.get(device);
        if (entry?.opened.runs.add(offset, bytes.length, event.packed === true) !== true) return;
        this.#sink.bytes?.(device, offset, bytes.length);
        entry.state.push(bytes, offset, event.packed);
        return;
      }
      case 'device-config':
        {
          const id = pciIdOf(event);
          if (id !== undefined) this.#open.get(event.device)?.state.pciId(id);
        }
        break;
      case 'device-close':
        this.#finish(event.device, event.partial === true);
        break;
      default:
        break;
    }
    if (!this.#bare) this.#sink.event?.(event);
  };

  end(): readonly HeldDevice[] {
    for (const device of [...this.#open.keys()]) this.#finish(device, false);
    return this.#done.sort((a, b) => a.device - b.device);
  }

  #begin(device: number, name: string, instance: number): void {
    const runs = new Runs();
    const read = runs.reader(this.#input.readAt);
    const opened = { device, name: this.#bare ? '' : name, instance, runs, read };
    const state = new DeviceState(
      {
        name: opened.name,
        format: this.#options.format,
        formats: this.#options.formats,
        size: this.#bare ? this.#input.size : undefined,
      },
      { unit: (unit) => this.#sink.unit?.(opened, unit), state: () => undefined },
    );
    this.#open.set(device, { opened, state });
  }

  #finish(device: number, partial: boolean): void {
    const entry = this.#open.get(device);
    if (entry === undefined) return;
    this.#open.delete(device);
    const { format } = entry.state.end(partial ? 'beginning' : 'whole');
    const bytes = entry.opened.runs.length;
    this.#done.push({ ...entry.opened, format, bytes, partial });
  }
}

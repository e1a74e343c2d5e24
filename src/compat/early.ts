import type { Source } from '../bytes/source.ts';
import type { DeviceResult } from '../check/device.ts';
import type { ExamineOptions } from '../check/examine.ts';
import { unwrapped } from '../check/unwrap.ts';
import { telling } from '../formats/format.ts';
import { formats as builtins } from '../formats/index.ts';
import { describe, type Descriptor } from './descriptor.ts';
import { judge, type Verdict } from './judge.ts';
import { describeStates, saysAll } from './state.ts';

/** Bytes of a stream that are looked at; what needs more needs the whole. */
const mostEarly = 16 << 20;

/** What the first bytes of a stream settle. */
export interface Early {
  /** Undefined where more of the stream is needed. */
  readonly verdict: Verdict | undefined;
  /** Fewest bytes after which it was certain; all that were read where it is not. */
  readonly after: number;
  /** Bytes that were read. */
  readonly read: number;
  /** Whether the stream ended before anything was certain earlier. */
  readonly ended: boolean;
  /** The devices as those bytes show them. */
  readonly devices: readonly Descriptor[];
}

interface Seen {
  readonly verdict: Verdict | undefined;
  readonly devices: readonly Descriptor[];
}

/**
 * Reads a stream until the answer cannot change any more. Incompatible is certain as soon as one
 * difference is seen, because what follows takes none back. Any other answer is certain when the
 * format has no field left that tells devices apart, or at the end.
 */
export const judgeEarly = async (
  source: Source,
  destinations: readonly Descriptor[],
  options: ExamineOptions = {},
): Promise<Early> => {
  const plain = await unwrapped(source);
  const look = async (bytes: Uint8Array, ended: boolean): Promise<Seen> => {
    const { path, size } = plain;
    const begun: Source = { ...plain, readAt: undefined, path, size, blocks: () => [bytes] };
    return seen(begun, destinations, { ...options, live: true }, ended);
  };
  const gathered = new Gathered(mostEarly);
  let looked = 0;
  for await (const block of plain.blocks()) {
    gathered.add(block);
    const { held } = gathered;
    // Looked at again when there is a sixteenth more, so that all looks together stay linear.
    if (held.length < looked + looked / 16 && held.length < mostEarly) continue;
    const found = await look(held, false);
    if (found.verdict !== undefined) return fewest(held, looked, look, found.verdict);
    looked = held.length;
    if (held.length >= mostEarly) {
      const { devices } = found;
      return { verdict: undefined, after: looked, read: looked, ended: false, devices };
    }
  }
  const { held } = gathered;
  // The bytes behind the last look may have settled it before the end did.
  if (held.length > looked) {
    const found = await look(held, false);
    if (found.verdict !== undefined) return fewest(held, looked, look, found.verdict);
  }
  const { verdict, devices } = await look(held, true);
  return { verdict, after: held.length, read: held.length, ended: true, devices };
};

/** The first bytes of a stream in one stretch, which grows by doubling: they may come one by one. */
class Gathered {
  readonly #most: number;
  #room = new Uint8Array(1 << 12);
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A view that stays as it is when more comes. */
  get held(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  add(block: Uint8Array): void {
    const piece = block.subarray(0, this.#most - this.#length);
    const length = this.#length + piece.length;
    if (length > this.#room.length) {
      const grown = new Uint8Array(Math.min(Math.max(length, this.#room.length * 2), this.#most));
      grown.set(this.held);
      this.#room = grown;
    }
    this.#room.set(piece, this.#length);
    this.#length = length;
  }
}

/** Finds the first byte at which the answer stands, between what did not settle it and what does. */
const fewest = async (
  held: Uint8Array,
  unsettled: number,
  look: (bytes: Uint8Array, ended: boolean) => Promise<Seen>,
  verdict: Verdict,
): Promise<Early> => {
  let [low, high] = [unsettled, held.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const found = await look(held.subarray(0, middle), false);
    if (found.verdict === verdict) high = middle;
    else low = middle;
  }
  const { devices } = await look(held.subarray(0, high), false);
  return { verdict, after: high, read: held.length, ended: false, devices };
};

const seen = async (
  source: Source,
  destinations: readonly Descriptor[],
  options: ExamineOptions,
  ended: boolean,
): Promise<Seen> => {
  const { devices, examined } = await describeStates(source, options);
  if (devices.length === 0) return { verdict: undefined, devices };
  const shown = ended
    ? devices
    : devices.map((one, at) => certain(one, examined.devices[at], options.format !== undefined));
  const best = shown.map((one) => bestOf(one, destinations));
  if (best.includes('incompatible')) return { verdict: 'incompatible', devices: shown };
  // A container may hold more devices.
  const formats = options.formats ?? builtins;
  const alone = examined.container === 'device-state';
  const limits = destinations.some(({ capacity }) => capacity !== undefined);
  const complete = alone && !limits && shown.every((one) => saysAll(one, formats));
  if (!ended && !complete) return { verdict: undefined, devices: shown };
  const asks = best.includes('only-the-target-can-tell');
  return { verdict: asks ? 'only-the-target-can-tell' : 'compatible', devices: shown };
};

const bestOf = (source: Descriptor, destinations: readonly Descriptor[]): Verdict => {
  const answers = new Set(destinations.map((one) => judge(source, one).verdict));
  if (answers.has('compatible')) return 'compatible';
  return answers.has('only-the-target-can-tell') ? 'only-the-target-can-tell' : 'incompatible';
};

/** What of a cut state holds whatever follows: a short beginning may look like another format. */
const certain = (
  descriptor: Descriptor,
  result: DeviceResult | undefined,
  given: boolean,
): Descriptor => {
  const { sha256: _digest, ...rest } = descriptor;
  const known =
    given ||
    result?.identified === 'certain' ||
    (result?.identified === 'likely' && result.bytes >= telling);
  if (known) return rest;
  const { name, from, bytes, signed, notes } = descriptor;
  const { pci } = result ?? {};
  return describe({
    name,
    from,
    signed,
    notes,
    ...(bytes === undefined ? {} : { bytes }),
    ...(pci === undefined ? {} : { pci }),
  });
};

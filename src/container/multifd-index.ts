import type { MultifdPacket } from './events.ts';

/** Packets of all devices that are remembered: 2 TiB of device state in packets of 1 MiB. */
export const mostPackets = 1 << 21;
/** Names in packets that are told apart; QEMU gives a guest far fewer devices. */
const mostNames = 1 << 10;

export interface IndexedPacket {
  readonly index: number;
  /** Where the data behind the header of VFIO begins, and its bytes. */
  readonly offset: number;
  readonly length: number;
  readonly config: boolean;
}

/** The packets of one device, a few bytes each, as they come from all channels. */
class PacketList {
  #indexes = new Uint32Array(64);
  /** Negative for a config record. */
  #offsets = new Float64Array(64);
  #lengths = new Uint32Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add({ index, offset, length, config }: IndexedPacket): void {
    const at = this.#count;
    if (at === this.#indexes.length) this.#grow();
    this.#indexes[at] = index;
    this.#offsets[at] = config ? -offset : offset;
    this.#lengths[at] = length;
    this.#count += 1;
  }

  dropLast(): void {
    this.#count -= 1;
  }

  /** By index, and of packets with the same index only the first that came. */
  *sorted(): Generator<IndexedPacket> {
    // One number holds index and place: below 2^53, and sorted without a comparison function.
    const keys = Float64Array.from(
      this.#indexes.subarray(0, this.#count),
      (index, at) => index * mostPackets + at,
    ).sort();
    let before = -1;
    for (const key of keys) {
      const at = key % mostPackets;
      const index = (key - at) / mostPackets;
      if (index === before) continue;
      before = index;
      const offset = this.#offsets[at] ?? 0;
      const length = this.#lengths[at] ?? 0;
      yield { index, offset: Math.abs(offset), length, config: offset < 0 };
    }
  }

  #grow(): void {
    const grown = <Words extends Uint32Array | Float64Array>(from: Words, to: Words): Words => {
      to.set(from);
      return to;
    };
    const size = this.#count * 2;
    this.#indexes = grown(this.#indexes, new Uint32Array(size));
    this.#offsets = grown(this.#offsets, new Float64Array(size));
    this.#lengths = grown(this.#lengths, new Uint32Array(size));
  }
}

/** A device that packets name, and where the first of them stands. */
export interface PacketOwner {
  readonly idstr: string;
  readonly instance: number;
  readonly first: number;
}

/**
 * Where the packets of device state lie, over all channels and in any order. It holds 16 bytes for
 * a packet, however large it is, and no more than `mostPackets` of them.
 */
export class PacketIndex {
  readonly #lists = new Map<string, { readonly owner: PacketOwner; readonly list: PacketList }>();
  #count = 0;
  #last: { readonly list: PacketList; readonly end: number } | undefined;

  /** Takes a packet that a receiver would; false when there is no room for it. */
  add({ device, offset, payloadOffset, payloadLength }: MultifdPacket): boolean {
    if (device === undefined) return true;
    const { idstr, instance, index, flags } = device;
    const key = `${idstr}#${instance}`;
    let entry = this.#lists.get(key);
    if (this.#count >= mostPackets) return false;
    if (entry === undefined) {
      if (this.#lists.size >= mostNames) return false;
      entry = { owner: { idstr, instance, first: offset }, list: new PacketList() };
      this.#lists.set(key, entry);
    }
    const { list } = entry;
    const length = payloadLength - 12;
    list.add({ index, offset: payloadOffset + 12, length, config: (flags & 1) !== 0 });
    this.#count += 1;
    this.#last = { list, end: payloadOffset + payloadLength };
    return true;
  }

  /** The channel ended at `reach`: the last packet is forgotten when it reaches beyond. */
  cut(reach: number): void {
    if (this.#last === undefined || this.#last.end <= reach) return;
    this.#last.list.dropLast();
    this.#count -= 1;
    this.#last = undefined;
  }

  /** A channel begins; what was cut off belongs to it. */
  begin(): void {
    this.#last = undefined;
  }

  owners(): readonly PacketOwner[] {
    return [...this.#lists.values()].filter(({ list }) => list.count > 0).map(({ owner }) => owner);
  }

  /** The packets of one device in the order of their indexes. */
  *packets(idstr: string, instance: number): Generator<IndexedPacket> {
    yield* this.#lists.get(`${idstr}#${instance}`)?.list.sorted() ?? [];
  }

  /** How many packets a device has, repeated ones counted each time. */
  count(idstr: string, instance: number): number {
    return this.#lists.get(`${idstr}#${instance}`)?.list.count ?? 0;
  }
}

import type { EventSink, Walker } from './events.ts';

/**
 * The tree that Cloud Hypervisor writes as `state.json` (`cloud-hypervisor vm-migration/src/lib.rs:
 * struct Snapshot`): every node has `snapshots` by id and `snapshot_data`, whose `state` is JSON
 * again, as text. A VFIO device that can migrate has its state under this way, as base64 in `blob`
 * (`cloud-hypervisor pci/src/vfio.rs: struct VfioMigrationData`).
 */
const wayToState = [
  'snapshots',
  'vfio_common',
  'snapshots',
  'vfio_migration',
  'snapshot_data',
  'state',
] as const;

const opening =
  /^\s*\{\s*"(?:id"\s*:\s*"[^"\\]{0,64}"\s*,\s*"snapshots|snapshots|snapshot_data)"\s*:/u;
const blobOpening = /^\s*\{\s*"blob"\s*:\s*"$/u;

/** Bytes of an input that show whether it is a snapshot. */
const HEAD = 256;
/** Nodes within nodes; a real snapshot has about twelve levels of brackets. */
const DEEPEST = 256;
const LONGEST_KEY = 256;
/** Bytes outside of strings, and marks of punctuation among them; a machine has some thousands. */
const MOST_BETWEEN = 8 << 20;
const MOST_MARKS = 1 << 18;
/** Bytes of a string that are looked at one by one before a search. */
const NEAR = 256;
/** As many devices of one input are decoded. */
const MOST_DEVICES = 1024;
/** What may stand in a state before its blob. */
const LONGEST_OPENING = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for every byte that opens, parts or ends nothing. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"{}[],'.includes(String.fromCharCode(byte)) ? 0 : 1,
);

export const isCloudHypervisor = (head: Uint8Array): boolean =>
  opening.test(Buffer.from(head.subarray(0, HEAD)).toString('latin1'));

/** Walks a snapshot in one pass: holds the way to where it stands, and no value. */
export const cloudHypervisorWalker = (sink: EventSink): Walker => new Snapshot(sink);

/** What a string is, as far as the walk cares. */
type Text = 'key' | 'value' | 'state' | 'blob' | 'behind';

class Snapshot implements Walker {
  readonly #sink: EventSink;
  #position = 0;
  /** For each open bracket the key of the value that is being read; undefined in a list. */
  readonly #way: (string | undefined)[] = [];
  /** The string that is open. */
  #text: Text | undefined;
  #held = '';
  #escaped = false;
  /** The next string of an object is a key. */
  #key = false;
  #devices = 0;
  #bytes = 0;
  /** Base64 of a group that is not complete yet. */
  #group = '';
  #padded = false;
  #spent = false;
  #begun = false;
  /** Bytes outside of strings so far, and marks among them. */
  #between = 0;
  #marks = 0;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#spent) {
      if (this.#text === undefined) {
        at = this.#structure(bytes, at);
        continue;
      } else if (this.#text === 'blob') {
        at = this.#blob(bytes, at);
        continue;
      } else if (this.#text === 'value' || this.#text === 'behind') {
        at = this.#skip(bytes, at);
        continue;
      } else this.#character(bytes[at] ?? 0, this.#position + at);
      at += 1;
    }
    this.#position += bytes.length;
  }

  end(): void {
    if (this.#text === 'blob') this.#close(this.#position);
    const offset = this.#position;
    if (!this.#spent && (!this.#begun || this.#way.length > 0)) {
      const wanted = 'the bracket that ends the snapshot';
      const got = 'the end of the input';
      this.#sink({ kind: 'fault', code: 'snapshot-damaged', offset, length: 0, wanted, got });
    }
    this.#sink({ kind: 'snapshot', offset: 0, length: offset, devices: this.#devices });
  }

  /** Goes behind the next mark of punctuation, or to the end of the block. */
  #structure(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && isPlain[bytes[at] ?? 0] === 1) at += 1;
    this.#between += at - from;
    if (this.#between > MOST_BETWEEN) {
      this.#spend(this.#position + at, `at most ${MOST_BETWEEN} bytes outside of strings`);
    } else if (at < bytes.length) {
      this.#marks += 1;
      if (this.#marks > MOST_MARKS) {
        this.#spend(this.#position + at, `at most ${MOST_MARKS} marks of punctuation`);
      } else this.#mark(bytes[at] ?? 0, this.#position + at);
      at += 1;
    }
    return at;
  }

  #spend(offset: number, wanted: string): void {
    this.#spent = true;
    this.#sink({ kind: 'fault', code: 'budget', offset, length: 1, wanted });
  }

  #mark(byte: number, offset: number): void {
    const inObject = this.#way.length > 0 && this.#way.at(-1) !== undefined;
    switch (byte) {
      case QUOTE:
        this.#open(inObject && this.#key ? 'key' : this.#isState() ? 'state' : 'value');
        break;
      case 0x7b:
      case 0x5b:
        this.#begun = true;
        if (this.#way.length >= DEEPEST) {
          this.#spend(offset, `at most ${DEEPEST} brackets`);
          return;
        }
        this.#way.push(byte === 0x7b ? '' : undefined);
        this.#key = byte === 0x7b;
        break;
      case 0x7d:
      case 0x5d:
        this.#way.pop();
        this.#key = false;
        break;
      case 0x2c:
        this.#key = inObject;
        break;
      default:
    }
  }

  #open(text: Text): void {
    this.#text = text;
    this.#held = '';
    this.#escaped = false;
  }

  /** A key, or what stands in a state before its blob. */
  #character(byte: number, offset: number): void {
    if (this.#escaped) {
      this.#escaped = false;
      this.#held += String.fromCharCode(byte);
    } else if (byte === BACKSLASH) {
      this.#escaped = true;
      return;
    } else if (byte === QUOTE) {
      if (this.#text === 'key') {
        this.#way[this.#way.length - 1] = this.#held;
        this.#key = false;
      }
      this.#text = undefined;
      return;
    } else this.#held += String.fromCharCode(byte);
    if (this.#text === 'key') {
      if (this.#held.length <= LONGEST_KEY) return;
      // No name on the way to a state is so long, and none of its device either.
      this.#way[this.#way.length - 1] = '';
      this.#key = false;
      this.#text = 'value';
    } else if (blobOpening.test(this.#held)) {
      this.#begin(offset + 1);
    } else if (this.#held.length > LONGEST_OPENING) this.#text = 'value';
  }

  /** The rest of a string that is passed over. */
  #skip(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      // JSON within a string is full of escaped quotes, and a search for each takes longer than a look
      // at each byte; everything else is passed over fastest by a search.
      const near = Math.min(at + NEAR, bytes.length);
      for (; at < near; at += 1) {
        const byte = bytes[at];
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
          this.#text = undefined;
          return at + 1;
        }
      }
      if (at === bytes.length) break;
      if (this.#escaped) at += 1;
      const quote = bytes.indexOf(QUOTE, at);
      const end = quote < 0 ? bytes.length : quote;
      let slashes = 0;
      while (end - 1 - slashes >= at && bytes[end - 1 - slashes] === BACKSLASH) slashes += 1;
      this.#escaped = slashes % 2 === 1;
      at = end;
    }
    return at;
  }

  #isState(): boolean {
    const from = this.#way.length - wayToState.length;
    return from >= 1 && wayToState.every((name, index) => this.#way[from + index] === name);
  }

  #begin(offset: number): void {
    if (this.#devices >= MOST_DEVICES) {
      this.#spend(offset, `at most ${MOST_DEVICES} devices`);
      return;
    }
    const name = this.#way[this.#way.length - wayToState.length - 1] ?? '';
    this.#sink({ kind: 'device-open', device: this.#devices, name, instance: 0, offset });
    this.#text = 'blob';
    this.#group = '';
    this.#padded = false;
    this.#bytes = 0;
  }

  /** Base64 up to the backslash that stands before the quote behind it. */
  #blob(bytes: Uint8Array, from: number): number {
    let end = from;
    while (end < bytes.length && bytes[end] !== BACKSLASH && bytes[end] !== QUOTE) end += 1;
    const offset = this.#position + from - this.#group.length;
    const all = this.#group + Buffer.from(bytes.subarray(from, end)).toString('latin1');
    const whole = all.length - (all.length % 4);
    this.#group = all.slice(whole);
    const sound = this.#decode(all.slice(0, whole), offset);
    if (!sound) {
      this.#group = '';
      this.#close(this.#position + end);
      return end;
    }
    if (end < bytes.length) this.#close(this.#position + end);
    return end;
  }

  /** Whole groups; false where something else than base64 stands. */
  #decode(text: string, offset: number): boolean {
    if (text === '') return true;
    // Padding ends the text: a group behind it is none.
    const padding = text.indexOf('=');
    const last = padding < 0 ? text.length : (Math.floor(padding / 4) + 1) * 4;
    const part = this.#padded ? '' : text.slice(0, last);
    this.#padded ||= padding >= 0;
    // Only what is written back as the same text is read: nothing of the file is lost that way.
    const again = Buffer.from(part, 'base64').toString('base64');
    let sound = again === part ? part.length : 0;
    while (sound < part.length && part.slice(sound, sound + 4) === again.slice(sound, sound + 4)) {
      sound += 4;
    }
    if (sound > 0) {
      const bytes = Buffer.from(part.slice(0, sound), 'base64');
      this.#bytes += bytes.length;
      this.#sink({ kind: 'device-bytes', device: this.#devices, offset, bytes, packed: true });
    }
    if (sound === text.length) return true;
    this.#fault(offset + sound, text.slice(sound, sound + 4));
    return false;
  }

  #fault(offset: number, got: string): void {
    this.#sink({
      kind: 'fault',
      code: 'snapshot-damaged',
      device: this.#devices,
      offset,
      length: got.length,
      wanted: 'a group of four base64 characters',
      got: JSON.stringify(got),
    });
  }

  #close(offset: number): void {
    if (this.#group !== '') this.#fault(offset - this.#group.length, this.#group);
    this.#sink({ kind: 'device-close', device: this.#devices, bytes: this.#bytes });
    this.#devices += 1;
    this.#group = '';
    this.#text = 'behind';
    this.#escaped = false;
  }
}

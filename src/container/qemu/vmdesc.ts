import { JsonReader } from './json.ts';
import { QEMU_VM_VMDESCRIPTION } from './wire.ts';

/** What the description says of one body. */
export interface DescribedSize {
  readonly bytes: number;
  /**
   * False when the sum rests on an array whose elements are assumed to be as long as the first:
   * the writer leaves the others out, and they may differ.
   */
  readonly exact: boolean;
}

/** The sizes that a vmdescription gives; taken from the JSON, so a hint until a footer confirms it. */
export interface VmdescIndex {
  /** Offset of the type byte in the file. */
  readonly offset: number;
  /** Bytes of the whole item: type, length and text. */
  readonly length: number;
  readonly pageSize: number | undefined;
  /** Entries of `devices`. */
  readonly devices: number;
  /** By `idstr#instance`, one size for each FULL section in stream order. */
  readonly sizes: ReadonlyMap<string, readonly DescribedSize[]>;
}

/** The longest text that is read; genuine ones have 50 KB to a few MB. */
export const largestVmdesc = 32 << 20;
const mostDevices = 1 << 16;
const slack = 1 << 20;

export const describedKey = (idstr: string, instance: number): string => `${idstr}#${instance}`;

/** Types that are as long in every element of an array. */
const fixedTypes = new Set(
  ['bool', 'buffer', 'unused_buffer', 'timer'].concat(
    [8, 16, 32, 64].flatMap((bits) => [`int${bits}`, `uint${bits}`]),
  ),
);

interface Body {
  bytes: number;
  exact: boolean;
}

/** One entry of `fields`: its size is that of everything nested in it, so nothing is descended into. */
const readField = (json: JsonReader, body: Body): void => {
  const field = { size: 0, count: 1, fixed: false };
  json.object((key) => {
    if (key === 'size') field.size = json.integer() ?? 0;
    else if (key === 'array_len') field.count = json.integer() ?? 1;
    else if (key === 'type') field.fixed = fixedTypes.has(json.text());
    else json.skip();
  });
  // An absent or zero array_len is a single element, as in `qemu scripts/analyze-migration.py`.
  const total = field.size * Math.max(field.count, 1);
  if (field.count > 1 && !field.fixed) body.exact = false;
  body.bytes = Math.min(body.bytes + total, Number.MAX_SAFE_INTEGER);
};

/** Adds what the fields and subsections of one entry take on the wire. */
const readBody = (json: JsonReader, key: string, body: Body): boolean => {
  if (key === 'fields') json.array(() => readField(json, body));
  else if (key === 'subsections') {
    json.array(() => {
      // A subsection costs its marker, name length, name and version besides its fields.
      json.object((inner) => {
        if (inner === 'vmsd_name') body.bytes += 6 + json.text().length;
        else if (!readBody(json, inner, body)) json.skip();
      });
    });
  } else return false;
  return true;
};

/** Reads the JSON text of a description; undefined when it is not JSON or not a description. */
export const readVmdesc = (text: Uint8Array, offset: number): VmdescIndex | undefined => {
  const json = new JsonReader(text);
  const sizes = new Map<string, DescribedSize[]>();
  let pageSize: number | undefined;
  let devices = 0;
  if (json.peek() !== 'object') return undefined;
  json.object((key) => {
    if (key === 'page_size') pageSize = json.integer();
    else if (key === 'devices' && json.peek() === 'array') {
      json.array(() => {
        let name = '';
        let instance = 0;
        const body = { bytes: 0, exact: true };
        json.object((inner) => {
          if (inner === 'name') name = json.text();
          else if (inner === 'instance_id') instance = json.integer() ?? 0;
          else if (!readBody(json, inner, body)) json.skip();
        });
        devices += 1;
        if (devices > mostDevices) return;
        const named = describedKey(name, instance);
        const known = sizes.get(named);
        if (known === undefined) sizes.set(named, [body]);
        else known.push(body);
      });
    } else json.skip();
  });
  if (!json.finished()) return undefined;
  return { offset, length: 5 + text.length, pageSize, devices, sizes };
};

const u32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);

/**
 * Searches the end of a stream for its description, from the back: `00` (EOF), `06`, a length that
 * does not pass the end, and an object. JSON holds no control bytes, so within the text no `06`
 * stands; what was appended behind it is passed over. At most four texts are tried.
 */
export const searchVmdesc = (tail: Uint8Array, offset: number): VmdescIndex | undefined => {
  let at = tail.length;
  let tries = 4;
  while (at > 0 && tries > 0) {
    at = tail.lastIndexOf(QEMU_VM_VMDESCRIPTION, at - 1);
    if (at < 1) return undefined;
    if (tail[at - 1] !== 0 || tail[at + 5] !== 0x7b) continue;
    const length = u32(tail, at + 1);
    const end = at + 5 + length;
    if (length > largestVmdesc || end > tail.length || tail[end - 1] !== 0x7d) continue;
    tries -= 1;
    const found = readVmdesc(tail.subarray(at + 5, end), offset + at);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * Finds the description of a file that can be read anywhere. `readAt` gives the bytes at an offset;
 * what it gives may be reused by it afterwards. Reads 256 KiB of an ordinary stream, and at most
 * 33 MiB of any other.
 */
export const findVmdesc = (
  readAt: (offset: number, length: number) => Uint8Array,
  size: number,
): VmdescIndex | undefined => {
  // Windows in between would be read twice, and held together until the next collection.
  for (const window of [1 << 18, largestVmdesc + slack]) {
    const length = Math.min(window, size);
    const tail = readAt(size - length, length);
    const found = searchVmdesc(tail, size - length);
    if (found !== undefined || length === size) return found;
  }
  return undefined;
};

import { writeUint } from './encode.ts';
import { nameOf, type Node } from './node.ts';

/** A field's value as its format writes it; undefined for branches and payloads. */
export const valueText = ({ value, layout }: Node): string | undefined => {
  if (typeof value === 'string') return value;
  if (typeof value !== 'bigint') return undefined;
  const wide =
    value >= 0x10000n || (layout !== 'gap' && layout.kind === 'uint' && layout.hex === true);
  const number = !wide ? value.toString() : `0x${value.toString(16)}`;
  const name = nameOf(layout, value);
  return name === undefined ? number : `${name} (${number})`;
};

/** The bytes of a leaf, as far as they were kept. */
export const rawOf = ({ value, layout, length }: Node): Uint8Array => {
  if (value instanceof Uint8Array) return value;
  const raw = new Uint8Array(Math.min(length, 4096));
  if (typeof value === 'bigint') {
    writeUint(
      raw,
      0,
      raw.length,
      value,
      layout !== 'gap' && layout.kind === 'uint' && layout.little,
    );
    return raw;
  }
  if (typeof value === 'string') {
    for (let at = 0; at < value.length; at += 1) raw[at] = value.charCodeAt(at);
    return raw;
  }
  return new Uint8Array(0);
};

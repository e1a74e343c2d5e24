import { writeUint } from '../layout/encode.ts';
import type { Part } from './skeleton.ts';

const scratch = new DataView(new ArrayBuffer(8));
const written = new Uint8Array(scratch.buffer);

/** The bytes of a number as it stands in a part; its low bytes where the part is cut. */
export const writeNumber = ({ layout, length }: Part, value: bigint): Uint8Array => {
  const little = layout === 'gap' || layout.kind !== 'uint' || layout.little;
  if (length === 8) scratch.setBigUint64(0, value, little);
  else if (length > 4) {
    writeUint(written, 0, length, value, little);
  } else {
    const low = Number(BigInt.asUintN(32, value));
    if (length === 4) scratch.setUint32(0, low, little);
    else if (length === 2) scratch.setUint16(0, low & 0xffff, little);
    else if (length === 1) scratch.setUint8(0, low & 0xff);
    else writeUint(written, 0, length, value, little);
  }
  return written.slice(0, length);
};

import { crc32 } from 'node:zlib';
import type { ChecksumName, StructLayout } from './types.ts';

/** A checksum that is fed piece by piece. */
export interface Checksum {
  add(bytes: Uint8Array): void;
  readonly value: bigint;
}

const sum = (bits: number): Checksum => {
  let total = 0;
  const limit = 2 ** bits;
  return {
    add(bytes) {
      for (const byte of bytes) total = (total + byte) % limit;
    },
    get value() {
      return BigInt(total);
    },
  };
};

export const checksum = (algorithm: ChecksumName): Checksum => {
  if (algorithm !== 'crc32') return sum(Number(algorithm.slice(3)));
  let crc = 0;
  return {
    add(bytes) {
      crc = crc32(bytes, crc);
    },
    get value() {
      return BigInt(crc);
    },
  };
};

/** A checksum field of a struct, with the sum over the fields that it covers. */
export interface OpenChecksum {
  readonly field: string;
  readonly of: readonly string[];
  readonly sum: Checksum;
}

const noChecksums: readonly OpenChecksum[] = [];
const checksummed = new WeakMap<StructLayout, boolean>();

/** The checksums that a struct carries, each ready to be fed. */
export const openChecksums = (layout: StructLayout): readonly OpenChecksum[] => {
  if (checksummed.get(layout) === false) return noChecksums;
  const open: OpenChecksum[] = [];
  for (const [field, shape] of Object.entries(layout.fields)) {
    for (const role of shape.roles ?? []) {
      if (role.is === 'checksum-of')
        open.push({ field, of: role.of, sum: checksum(role.algorithm) });
    }
  }
  checksummed.set(layout, open.length > 0);
  return open;
};

import { roleOf } from '../../layout/types.ts';
import type { Part, Skeleton } from '../skeleton.ts';
import { numberOf, setTo, type Mutator } from './mutator.ts';

/** Addresses: not aligned, zero, at the end of the address space, and one over another. */
export const addressBoundary: Mutator = {
  id: 'address-boundary',
  propose: (part, skeleton) => {
    const number = numberOf(part);
    const role = isAddress(part);
    if (number === undefined || role === undefined) return [];
    const { bits, value } = number;
    const limit = 1n << BigInt(bits);
    const align = role.align ?? 8n;
    return setTo(number, [
      value + 1n,
      value + align,
      value - align,
      0n,
      ...otherAddresses(skeleton, part),
      limit - align,
      limit - 4096n,
      limit - 65536n,
      limit - 1n,
      limit / 2n,
      1n << 32n,
      0xffff_0000n,
    ]);
  },
};

const isAddress = ({ layout }: Part) => (layout === 'gap' ? undefined : roleOf(layout, 'iova'));

const MOST_OTHERS = 4;

const otherAddresses = ({ parts }: Skeleton, part: Part): readonly bigint[] => {
  const found: bigint[] = [];
  for (const other of parts) {
    if (found.length === MOST_OTHERS) break;
    if (other === part || typeof other.value !== 'bigint' || other.value === 0n) continue;
    if (isAddress(other) !== undefined) found.push(other.value);
  }
  return found;
};

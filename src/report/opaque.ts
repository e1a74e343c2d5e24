import type { DeviceResult } from '../check/device.ts';
import { offsetText, sizeText } from './escape.ts';

type Opaque = NonNullable<DeviceResult['opaque']>;

/** What a state without a known format looks like from outside, in a few lines. */
export const opaqueLines = ({
  sha256,
  entropy,
  runs,
  kernelPointers,
}: Opaque): readonly string[] => {
  const { longest } = runs;
  const { count, offsets } = kernelPointers;
  return [
    `sha256 ${sha256}`,
    `entropy ${entropy.toFixed(2)} bits a byte`,
    ...(longest === undefined
      ? []
      : [
          `longest run: ${sizeText(longest.length)} of 0x${longest.byte.toString(16).padStart(2, '0')} ` +
            `at ${offsetText(longest.offset)} of the state`,
        ]),
    ...(count === 0
      ? []
      : [
          `words like kernel addresses: ${count}, first at ${offsets.map(offsetText).slice(0, 4).join(', ')}`,
        ]),
  ];
};

/** Entropy region by region, as a bar that a person can read at a glance. */
export const regionLines = ({ regions }: Opaque): readonly string[] =>
  regions.map(({ offset, length, entropy }) => {
    const bar = '#'.repeat(Math.round(entropy * 4)).padEnd(32);
    return `${offsetText(offset).padStart(12)}  ${bar} ${entropy.toFixed(2)}  ${sizeText(length)}`;
  });

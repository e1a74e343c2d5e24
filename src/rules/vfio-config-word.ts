import type { DeviceConfig } from '../container/events.ts';

/** A big-endian 32-bit number of a config record; 0 where the record ends before it. */
export const word = ({ bytes }: DeviceConfig, at: number): number =>
  (((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)) >>>
  0;

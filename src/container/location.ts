import type { Location } from '../finding/finding.ts';

/** A place in a container, for rules over its events. */
export const place = (path: string, offset: number, length = 0, note?: string): Location => ({
  path,
  ranges: [{ offset, length }],
  bytes: new Uint8Array(0),
  ...(note === undefined ? {} : { note }),
});

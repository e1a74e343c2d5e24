import { mttyState, patched } from '../../src/rules/examples.ts';
import { snapshotExample } from '../../src/rules/snapshot-example.ts';
import type { Streams } from './edit.ts';

const base64 = (state: Uint8Array): string => Buffer.from(state).toString('base64');

/** Snapshots as Cloud Hypervisor writes them, by its source: a state file each. */
export const cloudHypervisorStreams: Streams = {
  'snapshot.bin': snapshotExample().bytes,
  'snapshot-cut.bin': snapshotExample({ cut: 1 }).bytes,
  'snapshot-cut-in-state.bin': snapshotExample({ cut: 250 }).bytes,
  'state-is-no-base64.bin': snapshotExample({ blob: `${base64(mttyState)}!!!!` }).bytes,
  'head-past-fifo.bin': snapshotExample({ blob: base64(patched(0x30, 0x2c)) }).bytes,
};

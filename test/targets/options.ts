import {
  wholeRestore,
  type Execution,
  type Step,
  type TargetOptions,
} from '../../src/targets/target.ts';

/** Limits that no sound target of these tests comes near, on a machine that others use too. */
export const options = (more: Partial<TargetOptions> = {}): TargetOptions => ({
  timeout: 5000,
  memory: 512 << 20,
  output: 1 << 20,
  environment: {},
  allowDevice: false,
  warn: () => undefined,
  ...more,
});

export const patient = new AbortController().signal;

/** The whole restore of these bytes, or other steps with them. */
export const execution = (
  bytes: Uint8Array,
  steps: readonly Step[] = wholeRestore(bytes.length),
  onRefusal: Execution['onRefusal'] = 'stop',
): Execution => ({ inputs: [{ base: bytes, splices: [] }], steps, onRefusal });

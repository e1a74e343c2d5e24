import type { CheckedInput } from '../check/check.ts';
import type { DeviceResult } from '../check/device.ts';
import type { Finding, Location } from '../finding/finding.ts';
import { fingerprints } from './fingerprint.ts';
import type { CheckDocument } from './schema.ts';

/** An input that could not be read, beside those that were checked. */
export interface UnreadInput {
  readonly path: string;
  readonly error: string;
}

/** What was checked with what; the parts that a reader needs to check the same again. */
export interface CheckRun {
  readonly tool: { readonly name: string; readonly version: string };
  readonly expect: Readonly<Record<string, string>>;
  readonly inputs: readonly (CheckedInput | UnreadInput)[];
}

/** The document that `--json` prints. No time and no machine in it: same input, same bytes. */
export const checkDocument = ({ tool, expect, inputs }: CheckRun): CheckDocument => ({
  version: 1,
  tool,
  expect,
  inputs: inputs.map((input) =>
    'error' in input
      ? { path: input.path, error: input.error, container: '', bytes: 0, devices: [], findings: [] }
      : {
          path: input.path,
          container: input.container,
          bytes: input.bytes,
          devices: input.devices.map(device),
          findings: findingsOf(input.findings),
          omitted: input.omitted,
          rules: input.verdicts,
        },
  ),
});

const device = (one: DeviceResult): CheckDocument['inputs'][number]['devices'][number] => ({
  name: one.name,
  format: one.format,
  bytes: one.bytes,
  identified: one.identified,
  units: one.units,
  ...(one.partial === undefined ? {} : { partial: one.partial }),
  ...(one.pci === undefined ? {} : { pci: one.pci }),
  ...(one.opaque === undefined ? {} : { opaque: { ...one.opaque } }),
});

const findingsOf = (findings: readonly Finding[]): CheckDocument['inputs'][number]['findings'] => {
  const names = fingerprints(findings);
  return findings.map((one, index) => ({ ...finding(one), fingerprint: names[index] ?? '' }));
};

const finding = (
  one: Finding,
): Omit<CheckDocument['inputs'][number]['findings'][number], 'fingerprint'> => {
  const [first, ...others] = one.at;
  return {
    rule: one.rule,
    severity: one.severity,
    threat: one.threats[0] ?? 'corruption',
    message: one.message,
    ...place(first),
    threats: [...one.threats],
    confidence: one.confidence,
    ...(one.device === undefined ? {} : { device: one.device }),
    ...(one.expected === undefined ? {} : { expected: one.expected }),
    ...(one.excused === undefined ? {} : { excused: one.excused }),
    ...(first === undefined ? {} : detail(first)),
    ...(others.length === 0
      ? {}
      : { related: others.map((other) => ({ ...place(other), ...detail(other) })) }),
  };
};

const place = (
  at: Location | undefined,
): {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly file?: string;
} => ({
  path: at?.path ?? '',
  offset: at?.ranges[0]?.offset ?? 0,
  length: at?.ranges.reduce((sum, { length }) => sum + length, 0) ?? 0,
  ...(at?.ranges[0]?.file === undefined ? {} : { file: at.ranges[0].file }),
});

const detail = (at: Location): Readonly<Record<string, unknown>> => ({
  ...(at.ranges.length > 1 ? { ranges: at.ranges } : {}),
  ...(at.bytes.length > 0 ? { bytes: Buffer.from(at.bytes).toString('hex') } : {}),
  ...(at.value === undefined ? {} : { value: at.value }),
  ...(at.control === undefined || at.control === 'unknown' ? {} : { control: at.control }),
  ...(at.note === undefined ? {} : { note: at.note }),
});

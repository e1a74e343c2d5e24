export { memorySource, openSource, type Source } from './bytes/source.ts';
export { rules } from './check/catalogue.ts';
export { check, type CheckedInput, type CheckOptions } from './check/check.ts';
export type { DeviceResult } from './check/device.ts';
export { examine, type Examined, type ExamineOptions, type Observer } from './check/examine.ts';
export type { Verdict } from './check/judge.ts';
export { expectationLike } from './check/like.ts';
export type { ContainerEvent } from './container/events.ts';
export {
  reaches,
  severities,
  threats,
  type Finding,
  type Location,
  type Severity,
  type Threat,
} from './finding/finding.ts';
export type { Format, Invariant } from './formats/format.ts';
export { formatById, formats } from './formats/index.ts';
export { build, DraftError, type Built, type Slot } from './layout/build.ts';
export { decode, Decoder, type DecodeSink } from './layout/decode.ts';
export type { Budgets } from './layout/leaf-reader.ts';
export { describe, type Row } from './layout/describe.ts';
export type { Draft } from './layout/draft.ts';
export { encode } from './layout/encode.ts';
export { child, faults, leaves, numberAt, pathOf, walk, type Node } from './layout/node.ts';
export type { Layout, Role } from './layout/types.ts';
export * as layout from './layout/vocabulary.ts';
export { readExpectation } from './policy/read.ts';
export { checkDocument, type CheckRun } from './report/json.ts';
export type { Expectation, Rule, Unit, Violation } from './rules/rule.ts';

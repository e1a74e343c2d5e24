import { z } from 'zod';
import { severities, threats } from '../finding/finding.ts';

const file = z
  .string()
  .optional()
  .describe('path of the side channel that the offset is in, where it is not the input itself');

const range = z.object({
  offset: z.int().nonnegative(),
  length: z.int().nonnegative(),
  file,
});

const location = z.object({
  path: z.string().describe('field path in the device state, or item of the container'),
  offset: z.int().nonnegative().describe('offset in the file of the first byte'),
  length: z.int().nonnegative().describe('bytes; 0 for a place between bytes'),
  file,
  ranges: z.array(range).optional().describe('all places, where the bytes are scattered'),
  bytes: z.string().optional().describe('up to 32 raw bytes in hexadecimal'),
  value: z.string().optional(),
  control: z.string().optional().describe('who decides the value'),
  note: z.string().optional(),
});

const finding = location.extend({
  rule: z.string().describe('rule id; `vstate-check rules show ID` explains it'),
  severity: z.enum(severities),
  threat: z.enum(threats).describe('the first of `threats`'),
  message: z.string(),
  threats: z.array(z.enum(threats)),
  confidence: z.enum(['certain', 'likely', 'possible']),
  device: z.string().optional().describe('device whose state this is about'),
  expected: z.string().optional(),
  related: z.array(location).optional(),
  fingerprint: z
    .string()
    .describe('name of the finding that stays when unrelated bytes are put in or taken out'),
  excused: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('known') }).describe('it stands in the baseline'),
      z.object({
        kind: z.literal('suppressed'),
        reason: z.string(),
        expires: z.string().optional(),
      }),
    ])
    .optional()
    .describe('why the finding does not count against the input'),
});

const opaque = z
  .looseObject({ sha256: z.string() })
  .describe('what a state without a known format looks like from outside');

const device = z.object({
  name: z.string().describe('as the container names it; empty for a bare state'),
  format: z.string(),
  bytes: z.int().nonnegative(),
  identified: z.enum(['given', 'certain', 'likely', 'damaged', 'by-pci-id', 'unknown']),
  units: z.int().nonnegative().describe('records, or 1 for a format without records'),
  partial: z.literal(true).optional().describe('the rest of the state is not in this input'),
  pci: z.string().optional(),
  opaque: opaque.optional(),
});

const input = z.object({
  path: z.string(),
  error: z.string().optional().describe('why the input could not be read'),
  container: z.string(),
  bytes: z.int().nonnegative(),
  devices: z.array(device),
  findings: z.array(finding),
  omitted: z
    .record(z.string(), z.int().positive())
    .optional()
    .describe('findings by rule beyond those that are listed'),
  rules: z
    .record(z.string(), z.enum(['pass', 'fail', 'undecided', 'not-applicable']))
    .optional()
    .describe('what came of every rule; what is not `pass` or `fail` was not checked'),
});

/**
 * The document of `check --json`. Within `version` 1 keys are added but never renamed or removed,
 * and the meaning of a value never changes.
 */
export const checkDocumentSchema = z.object({
  version: z.literal(1),
  tool: z.object({ name: z.string(), version: z.string() }),
  expect: z.record(z.string(), z.string()),
  inputs: z.array(input),
});

export type CheckDocument = z.input<typeof checkDocumentSchema>;

/** The published schema, as `schema/check.json` holds it. */
export const checkJsonSchema = (): unknown => z.toJSONSchema(checkDocumentSchema, { io: 'input' });

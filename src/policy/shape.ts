import { z } from 'zod';
import { severities, threats } from '../finding/finding.ts';
import { expectationFile } from './expectation.ts';

const text = z.string().min(1).max(2_000);
const ruleId = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/u, 'a rule id is needed');
const severity = z.enum(severities);
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/u, 'a day is needed, such as 2027-01-31')
  .refine((value) => !Number.isNaN(Date.parse(value)), 'there is no such day');

/** A file beside the policy: nothing outside its folder is read for it. */
const inside = z
  .string()
  .max(200)
  .regex(
    /^(?!.*(?:^|\/)\.\.(?:\/|$))[^/\\][^\\]*$/u,
    'a path below the folder of the policy is needed',
  );

const denied = z.strictObject({
  format: z.string().max(64).optional(),
  device: z
    .string()
    .regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/u, 'PCI vendor and device id, such as "15b3:101e"')
    .optional(),
  reason: text,
});

const suppression = z.strictObject({
  rule: ruleId,
  input: text.optional().describe('the end of the path of the inputs that it is for'),
  device: text.optional(),
  field: text.optional().describe('field path that the finding is about'),
  reason: text,
  expires: day.optional().describe('the last day on which it holds'),
});

const siteRule = z
  .looseObject({
    id: ruleId,
    format: z.string().max(64).describe('the format that it judges'),
    severity,
    threat: z.union([z.enum(threats), z.array(z.enum(threats)).nonempty()]),
    message: text,
    holds: text.describe('a CEL formula over the fields that must hold'),
  })
  .describe('the keys of an invariant of a format file; docs/format-files.md lists them');

/** What a site demands of every state that it loads. */
export const policyShape = z.strictObject({
  version: z.literal(1n).or(z.literal(1)),
  expect: expectationFile.optional().describe('the destination'),
  'expect-file': inside.optional().describe('the destination, in a file beside the policy'),
  formats: z
    .strictObject({
      allow: z.array(z.string().max(64)).nonempty().optional().describe('no other format may come'),
      deny: z.array(denied).max(200).optional(),
    })
    .optional(),
  'format-files': z.array(inside).max(32).optional().describe('formats of this site'),
  'fail-on': z.enum([...severities, 'never']).optional(),
  severity: z.record(ruleId, severity).optional().describe('severities of rules at this site'),
  signers: z
    .strictObject({
      keyring: inside.optional().describe('folder of the public keys, below the policy’s'),
      threshold: z.bigint().or(z.int()).optional(),
    })
    .optional()
    .describe('who must have signed a state'),
  trust: z
    .strictObject({
      files: z
        .literal('required')
        .optional()
        .describe('who may change the file of an input is judged, too'),
    })
    .optional(),
  suppress: z.array(suppression).max(500).optional(),
  rules: z.array(siteRule).max(100).optional(),
});

export type PolicyFile = z.infer<typeof policyShape>;

/** The published schema, as `schema/policy.json` holds it, for editors. */
export const policyJsonSchema = (): unknown =>
  z.toJSONSchema(policyShape, {
    io: 'input',
    unrepresentable: 'any',
    // YAML numbers are read as wide ones; to an editor they are whole numbers.
    override: ({ zodSchema, jsonSchema }) => {
      const { type } = zodSchema._zod.def;
      if (type === 'bigint') jsonSchema.type = 'integer';
      if (type === 'literal') {
        delete jsonSchema.enum;
        jsonSchema.const = 1;
      }
    },
  });

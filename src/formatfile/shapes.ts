import { z } from 'zod';
import { severities, threats } from '../finding/finding.ts';

/** The keys of a format file, each with what it takes. Every object refuses keys that it lacks. */

/** Text fields, and bytes that a condition looks ahead, are buffered; payloads are not. */
const MOST_BUFFERED = 1n << 16n;
const MOST_BYTES = 1n << 40n;

const value = z.bigint('a whole number is needed').nonnegative('a number below 0 cannot be read');
const values = z
  .union([value, z.array(value).min(1).max(256)], 'a number or a list of numbers is needed')
  .transform((given) => (Array.isArray(given) ? given : [given]));
const count = (least: bigint, most: bigint) =>
  z
    .bigint('a whole number is needed')
    .min(least, `at least ${least} is needed`)
    .max(most, `at most ${most} is taken`)
    .transform(Number);

const fieldName = z
  .string('a name is needed')
  .regex(/^[A-Za-z_]\w{0,63}$/u, 'a name is letters, digits and _, and begins with a letter')
  .refine((name) => !name.startsWith('__'), 'a name does not begin with __');
const text = z.string('text is needed').min(1).max(4000);
const yes = z.literal(true, 'true is the only value');

const names = (most: bigint) =>
  z.record(
    z.string().regex(/^[\w.-]{1,64}$/u, 'a name is letters, digits, _, . and -'),
    value.max(most, `at most ${most} is taken`),
  );

const bits = z.record(
  z.string().regex(/^[\w.-]{1,64}$/u, 'a name is letters, digits, _, . and -'),
  count(0n, 63n),
);

/** `count`, `count * 36 + 4`, or a number. */
const expression = z
  .union(
    [
      z.bigint().nonnegative().max(MOST_BYTES).transform(Number),
      z.string().regex(/^[A-Za-z_]\w{0,63}(?: \* \d{1,9})?(?: [+-] \d{1,9})?$/u),
    ],
    'a number, a field, or a field with constants, such as `count * 36 + 4`, is needed',
  )
  .transform((given) => {
    if (typeof given === 'number') return given;
    const [field = '', ...steps] = given.split(' ');
    let times = 1;
    let plus = 0;
    for (let at = 0; at + 1 < steps.length; at += 2) {
      const by = Number(steps[at + 1]);
      if (steps[at] === '*') times = by;
      else plus = steps[at] === '-' ? -by : by;
    }
    return times === 1 && plus === 0
      ? field
      : { field, ...(times === 1 ? {} : { times }), ...(plus === 0 ? {} : { plus }) };
  });

const condition = z.union(
  [
    z.strictObject({ remaining: count(1n, MOST_BUFFERED) }),
    z.strictObject({
      field: fieldName,
      is: z
        .union([
          value,
          z.string(),
          z
            .array(z.union([value, z.string()]))
            .min(1)
            .max(256),
        ])
        .transform((given) => (Array.isArray(given) ? given : [given])),
    }),
    z
      .strictObject({ field: fieldName, 'at-least': value })
      .transform(({ field, 'at-least': atLeast }) => ({ field, atLeast })),
    z.strictObject({ field: fieldName, bit: count(0n, 63n) }),
  ],
  'one of { remaining: N }, { field: F, is: V }, { field: F, at-least: N }, { field: F, bit: N } is needed',
);

const controls = ['guest', 'device', 'driver', 'firmware', 'source-host', 'unknown'] as const;

/** What any field may say, whatever its shape; the roles last, each under its own key. */
const notes = {
  control: z.enum(controls, `one of ${controls.join(', ')} is needed`).optional(),
  doc: text.optional(),
  driver: text.optional(),
};

const lengthOf = z.union(
  [
    fieldName.transform((of) => ({ of, plus: 0 })),
    z.strictObject({ of: fieldName, plus: z.bigint().min(-65536n).max(65536n).transform(Number) }),
  ],
  'a field, or { of: FIELD, plus: N }, is needed',
);

export const roleShapes = {
  magic: values.optional(),
  version: values.optional(),
  tag: yes.optional(),
  reserved: yes.optional(),
  padding: yes.optional(),
  'length-of': lengthOf.optional(),
  'count-of': fieldName.optional(),
  'offset-of': fieldName.optional(),
  'checksum-of': z
    .strictObject({
      algorithm: z.enum(
        ['crc32', 'sum8', 'sum16', 'sum32'],
        'one of crc32, sum8, sum16, sum32 is needed',
      ),
      of: z
        .union([fieldName, z.array(fieldName).min(1).max(256)], 'fields are needed')
        .transform((given) => (Array.isArray(given) ? given : [given])),
    })
    .optional(),
  'index-into': z.strictObject({ of: text, size: count(1n, 1n << 32n) }).optional(),
  within: z.tuple([value, value], 'two numbers are needed: [LEAST, MOST]').optional(),
  'one-of': values.optional(),
  identity: yes.optional(),
  compatibility: z
    .enum(['equal', 'superset', 'at-least'], 'one of equal, superset, at-least is needed')
    .optional(),
  'host-only': yes.optional(),
  iova: z
    .union([yes, z.strictObject({ align: value.min(1n) })], 'true, or { align: N }, is needed')
    .optional(),
};

/** One schema for each kind of layout, by the key that tells the kind. */
export const layoutShapes = {
  type: z.strictObject({
    type: text,
    names: names((1n << 64n) - 1n).optional(),
    strict: yes.optional(),
    flags: bits.optional(),
    default: value.optional(),
    hex: yes.optional(),
    zero: yes.optional(),
    ...notes,
    ...roleShapes,
  }),
  text: z.strictObject({
    text: count(1n, MOST_BUFFERED),
    default: z.string().optional(),
    ...notes,
    ...roleShapes,
  }),
  bytes: z.strictObject({ bytes: expression, zero: yes.optional(), ...notes, ...roleShapes }),
  fields: z.strictObject({
    fields: z.record(fieldName, z.unknown(), 'fields by name are needed'),
    ...notes,
    ...roleShapes,
  }),
  array: z.strictObject({ array: expression, of: z.unknown(), ...notes, ...roleShapes }),
  repeat: z.strictObject({
    repeat: z.unknown(),
    each: fieldName.optional(),
    ...notes,
    ...roleShapes,
  }),
  frame: z.strictObject({ frame: expression, of: z.unknown(), ...notes, ...roleShapes }),
  choice: z.strictObject({
    choice: fieldName,
    cases: z.record(z.string().min(1).max(64), z.unknown(), 'layouts by value are needed'),
    otherwise: z.unknown().optional(),
    ...notes,
    ...roleShapes,
  }),
  when: z.strictObject({ when: condition, then: z.unknown(), ...notes, ...roleShapes }),
  lazy: z.strictObject({ lazy: fieldName, ...notes, ...roleShapes }),
};

export type LayoutKey = keyof typeof layoutShapes;

const kebab = z
  .string('an id is needed')
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u, 'an id is lower case words joined by -');
const formula = z.string('an expression is needed').min(1).max(1000, 'at most 1000 characters');
const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).max(64)]).transform((given) => [given].flat());
const examples = z.strictObject({
  good: z.array(z.unknown()).max(64).default([]),
  bad: z.array(z.unknown()).max(64).default([]),
});

const about = {
  id: kebab,
  title: text,
  severity: z.enum(severities, `one of ${severities.join(', ')} is needed`),
  confidence: z.enum(['certain', 'likely', 'possible']).optional(),
  threat: oneOrMore(z.enum(threats, `one of ${threats.join(', ')} is needed`)),
  cwe: z
    .string()
    .regex(/^CWE-\d+$/u, 'such as CWE-1288')
    .default('CWE-1288'),
  rationale: text,
  advice: text.optional(),
  sources: oneOrMore(text).optional(),
  examples: examples.optional(),
};

const said = { message: text, expected: text.optional() };

/** An invariant of each unit or of some of its fields, or of the whole state at its end. */
export const invariantShapes = {
  builtin: z.strictObject({ builtin: kebab }),
  holds: z.strictObject({
    ...about,
    each: z
      .string()
      .regex(
        /^(?:\*\*\.)?[A-Za-z_]\w*(?:\[\])?(?:\.[A-Za-z_]\w*(?:\[\])?)*$/u,
        'a path of fields is needed, such as port[] or **.entries[]',
      )
      .max(200)
      .optional(),
    if: formula.optional(),
    holds: formula,
    at: text.max(200).optional(),
    against: text.max(200).optional(),
    ...said,
  }),
  'at-end': z.strictObject({
    ...about,
    count: formula.optional(),
    'at-end': formula,
    ...said,
  }),
};

const hexBytes = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{2}[ ]?){1,64}$/u, 'bytes in hexadecimal are needed, such as 41 43 4d 45');

export const recogniseShape = z.union(
  [
    z.strictObject({ builtin: kebab }),
    z.strictObject({
      magic: z
        .array(
          z.strictObject({
            at: count(0n, 448n).default(0),
            bytes: hexBytes.optional(),
            text: z.string().min(1).max(64).optional(),
          }),
        )
        .max(16)
        .default([]),
      size: oneOrMore(count(1n, MOST_BYTES)).optional(),
    }),
  ],
  '{ magic: [{ at: N, bytes: HEX }], size: N } is needed',
);

export const formatShape = z.strictObject({
  format: kebab.max(40),
  title: text,
  source: text.default('a format file'),
  summary: text.default('Described by a format file.'),
  pci: oneOrMore(
    z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/u, 'PCI vendor and device id, such as "15b3:101e"'),
  ).default([]),
  drivers: oneOrMore(text).default([]),
  identity: text.default('Fields with the role identity.'),
  featureless: yes.optional(),
  'may-be-empty': yes.optional(),
  recognise: recogniseShape.optional(),
  sample: z.unknown().optional(),
  constants: z.record(fieldName, value).default({}),
  types: z.record(fieldName, z.unknown()).default({}),
  layout: z.unknown().refine((given) => given !== undefined, 'a layout is needed'),
  invariants: z.array(z.unknown()).max(256).default([]),
});

export type RecogniseShape = z.infer<typeof recogniseShape>;

import { z } from 'zod';

const size = z.int().nonnegative();
const name = z.string().describe('field name, or record[3] and [3] in lists');
const gap = z.boolean().optional().describe('bytes that the format does not explain');

const bytes = z.object({ hex: z.string().describe('two digits for each byte') });
const file = z.object({
  file: z.string().describe('file of the payload directory'),
  offset: size,
  bytes: size,
});

const number = z.object({
  name,
  type: z.string().describe('u8, le16 to le64, be16 to be64'),
  value: z
    .union([z.int().nonnegative(), z.string()])
    .describe('number; above 2^53 - 1 text, decimal or 0x…'),
  means: z.string().optional().describe('the name of the value; encode looks at value alone'),
});
const text = z.object({
  name,
  size: size.describe('bytes of the field; NUL fills what the text leaves'),
  text: z.string(),
});

const branch = z.object({
  name,
  get fields() {
    return z.array(field);
  },
});
const field: z.ZodType = z.union([
  number,
  text,
  bytes.extend({ name, gap }),
  file.extend({ name, gap }),
  branch,
]);

const device = z.object({
  name: z.string().describe('as the container names it; empty for a bare state'),
  instance: size,
  format: z.string(),
  bytes: size,
  fields: z.array(field),
});

const piece = z.union([
  bytes,
  file,
  z.object({
    device: size.describe('index in devices'),
    at: size.describe('offset in its state'),
    bytes: size,
    as: z.literal('base64').optional(),
  }),
]);

/** The document of `decode`, which `encode` reads. Within `version` 1 keys are only added. */
export const decodeDocumentSchema = z.object({
  document: z.literal('vstate-check decode'),
  version: z.literal(1),
  container: z.string(),
  bytes: size.describe('bytes of the input'),
  devices: z.array(device),
  pieces: z.array(piece).optional().describe('the input in order; absent for a bare state'),
});

/** The published schema, as `schema/decode.json` holds it. */
export const decodeJsonSchema = (): unknown =>
  z.toJSONSchema(decodeDocumentSchema, { io: 'input' });

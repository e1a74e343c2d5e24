import { z } from 'zod';
import { FormatFileError, Mistake, readDocument } from '../formatfile/index.ts';

/** A mistake in what the user gave; one line and what to do about it. */
export class ExpectationError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

const scalar = z.union([z.string(), z.number(), z.bigint(), z.boolean()]);
const values = z.union([scalar, z.array(scalar).nonempty()]);

const windows = z.array(
  z
    .string()
    .regex(
      /^0x[0-9a-f]+-0x[0-9a-f]+$/iu,
      'a window is FIRST-LAST in hexadecimal, such as 0x0-0x7fffffff',
    ),
);

/**
 * What a destination is, as a file says it. Any other key is the name or path of a field, and its
 * value what the destination has there; a list allows several values.
 */
export const expectationFile = z
  .object({
    format: values.optional().describe('format id, as `vstate-check formats` lists them'),
    device: values.optional().describe('PCI vendor and device id: 15b3:101e'),
    driver: z.string().optional().describe('kernel driver of the destination'),
    capacity: scalar.optional().describe('most bytes that the destination takes'),
    windows: windows.optional().describe('guest memory that DMA addresses may lie in'),
    versions: z
      .record(z.string(), values)
      .optional()
      .describe('version fields by name, with the values that the destination takes'),
    fields: z.record(z.string(), values).optional().describe('fields by name or path'),
    devices: z
      .record(z.string(), z.record(z.string(), values))
      .optional()
      .describe('what is expected of one device of a container, by its name'),
  })
  .catchall(values);

export type ExpectationFile = z.infer<typeof expectationFile>;

/** Expectations as the rules take them: flat text, alternatives joined by `|`. */
export type FlatExpectation = Readonly<Record<string, string>>;

const flatValue = (value: z.infer<typeof values>): string =>
  Array.isArray(value) ? value.map(String).join('|') : String(value);

export const flatten = (file: ExpectationFile): FlatExpectation => {
  const flat: Record<string, string> = {};
  const { fields, versions, devices, windows: allowed, ...general } = file;
  for (const [key, value] of Object.entries({ ...general, ...versions, ...fields })) {
    if (value !== undefined) flat[key] = flatValue(value);
  }
  if (allowed !== undefined) flat.windows = allowed.join('|');
  for (const [device, wanted] of Object.entries(devices ?? {})) {
    for (const [key, value] of Object.entries(wanted)) {
      flat[`device[${device}].${key}`] = flatValue(value);
    }
  }
  return flat;
};

/** Reads an expectation file: YAML or JSON, no aliases, no unknown shapes. */
export const parseExpectationFile = (text: string, path: string): FlatExpectation => {
  try {
    const document = readDocument(text, path, 'an expectation file');
    const result = expectationFile.safeParse(document.data);
    if (result.success) return flatten(result.data);
    const [issue] = result.error.issues;
    const key = (issue?.path ?? []).map((step) => (typeof step === 'number' ? step : String(step)));
    throw document.located(
      new Mistake(
        key,
        issue?.message ?? 'not an expectation',
        'keys are format, device, driver, versions, capacity, windows, fields, devices, or names of fields',
      ),
    );
  } catch (error) {
    if (error instanceof FormatFileError) throw new ExpectationError(error.message, error.hint);
    throw error;
  }
};

import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { tooMuchYaml } from '../bytes/yaml-size.ts';
import { describe, documentOf, longestVersion, type Descriptor } from './descriptor.ts';
import { relationNames } from './relate.ts';

/** A descriptor that cannot be taken; one line and what to do about it. */
export class DescriptorError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Attributes of one device. */
const mostAttributes = 256;
/** Devices of one file. */
export const mostDevices = 100_000;

const printable = /^[\x20-\x7e]+$/u;
const text = z.string().min(1).max(1024).regex(printable, 'printable ASCII is needed');
const key = z
  .string()
  .regex(/^[\w.[\]-]{1,128}$/u, 'a name of letters, digits, . _ - [ ] is needed');
const count = z.bigint().or(z.int()).transform(Number).pipe(z.int().nonnegative());
const scalar = text.or(z.bigint().or(z.number()).transform(String));
const map = <T extends z.ZodType>(value: T) =>
  z
    .record(key, value)
    .refine(
      (all) => Object.keys(all).length <= mostAttributes,
      `at most ${mostAttributes} are taken`,
    );

const device = z
  .strictObject({
    name: text.describe('which device it is, for people'),
    from: z
      .strictObject({
        kind: z.enum(['state', 'sysfs', 'vfio-user', 'written']),
        path: z.string().max(4096),
      })
      .optional()
      .describe('where the descriptor was taken from'),
    type: text.optional().describe('mdev type, or vfio-pci: or vfio-user: and the PCI id'),
    'device-api': text.optional(),
    pci: z
      .string()
      .regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/u, 'vendor and device id, such as "15b3:101e"')
      .optional(),
    subsystem: z
      .string()
      .regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/u)
      .optional(),
    revision: z
      .string()
      .regex(/^[0-9a-f]{2,8}$/u, 'hexadecimal digits')
      .optional(),
    driver: text.optional().describe('kernel module'),
    format: z.string().max(64).optional().describe('as `vstate-check formats` lists them'),
    aggregation: count.optional(),
    'migration-version': z
      .string()
      .min(1, 'an empty version string is none')
      .max(longestVersion)
      .regex(printable, 'printable ASCII is needed')
      .nullable()
      .optional()
      .describe('the vendor’s string; null for a device that offers none'),
    capacity: count.optional().describe('most bytes of a state that it takes'),
    bytes: count.optional().describe('bytes of the state'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/u)
      .optional(),
    attributes: map(scalar).optional().describe('fields of the state, and what the vendor adds'),
    relations: map(z.enum(relationNames))
      .optional()
      .describe('how an attribute of the destination must stand to the source’s'),
    accepts: map(z.array(scalar).max(1024))
      .optional()
      .describe('values of a source that the destination takes besides its own'),
    mandatory: z.array(text).max(64).optional().describe('parts that a reader must know'),
    signed: z.boolean().optional(),
    notes: z.array(z.string().max(4096)).max(64).optional(),
  })
  .refine(({ bytes = 0, capacity = bytes }) => bytes <= capacity, {
    message: 'the state is larger than what the device takes',
    path: ['bytes'],
  });

const file = z.strictObject({
  descriptor: z.literal(1n).or(z.literal(1)),
  devices: z.array(device).max(mostDevices),
});

/** As a whole; each of its devices is read by itself. */
const outside = z.strictObject({
  descriptor: file.shape.descriptor,
  devices: z.array(z.unknown()).max(mostDevices),
});

export interface ReadDescriptors {
  readonly devices: readonly Descriptor[];
  /** Devices of the file that are none. */
  readonly faults: readonly DescriptorError[];
}

/** The devices of a descriptor file, JSON or YAML; what is wrong with one leaves the others. */
export const readDescriptors = (content: string, path: string): ReadDescriptors => {
  const whole = outside.safeParse(dataOf(content, path));
  if (!whole.success) throw faultOf(whole.error, path, []);
  const devices: Descriptor[] = [];
  const faults: DescriptorError[] = [];
  whole.data.devices.forEach((data, index) => {
    const result = device.safeParse(data);
    const lost = prototypeKey(data);
    if (!result.success) {
      faults.push(faultOf(result.error, path, ['devices', index]));
    } else if (lost !== undefined) {
      const where = `${path}: devices.${index}.${lost}`;
      faults.push(new DescriptorError(`${where}: the key __proto__ is not taken`, 'rename it'));
    } else {
      devices.push(descriptorOf(result.data, path));
    }
  });
  return { devices, faults };
};

const faultOf = (error: z.ZodError, path: string, at: readonly PropertyKey[]): DescriptorError => {
  const [issue] = error.issues;
  const where = [...at, ...(issue?.path ?? [])].map(String).join('.');
  return new DescriptorError(
    `${path}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'no descriptor'}`,
    'docs/compat.md lists the keys of a descriptor',
  );
};

/** Where a map has a key that the reader of records passes over without a word. */
const prototypeKey = (data: unknown): string | undefined => {
  if (typeof data !== 'object' || data === null) return undefined;
  const maps: readonly (readonly [string, unknown])[] = Object.entries(data);
  return maps.find(
    ([, value]) => typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'),
  )?.[0];
};

const descriptorOf = (one: z.infer<typeof device>, path: string): Descriptor => {
  const { name, from, type, pci, subsystem, revision, driver, format, aggregation } = one;
  const { capacity, bytes, sha256, signed = false, notes = [], mandatory = [] } = one;
  const known = Object.fromEntries(
    Object.entries({
      type,
      deviceApi: one['device-api'],
      pci,
      subsystem,
      revision,
      driver,
      format,
      aggregation,
      migrationVersion: one['migration-version'],
      capacity,
      bytes,
      sha256,
    }).filter(([, value]) => value !== undefined),
  );
  return describe({
    ...known,
    name,
    from: from ?? { kind: 'written', path },
    attributes: one.attributes ?? {},
    relations: one.relations ?? {},
    accepts: one.accepts ?? {},
    mandatory,
    signed,
    notes,
  });
};

/** What a YAML reader is given of a descriptor file; larger fleets are written in JSON. */
const mostCharacters = 1 << 20;
/** A device has about fifteen lines. */
const yamlLimits = { items: 20_000, line: 16_384, levels: 16, indent: 64, keys: 1024 } as const;

/** Why the YAML of a descriptor file is not read; undefined when it is. */
export const tooLarge = (content: string): string | undefined => {
  if (content.length > mostCharacters) {
    return `has ${content.length} characters of YAML, and at most ${mostCharacters} are read`;
  }
  const much = tooMuchYaml(content, yamlLimits);
  if (much === undefined) return undefined;
  return much.line === 0 ? much.what : `line ${much.line} ${much.what}`;
};

const dataOf = (content: string, path: string): unknown => {
  try {
    if (/^\s*\{/u.test(content)) return JSON.parse(content);
    const much = tooLarge(content);
    if (much !== undefined) {
      throw new DescriptorError(`${path} ${much}`, 'write a fleet of that size in JSON');
    }
    return parse(content, { maxAliasCount: 0, intAsBigInt: true });
  } catch (error) {
    if (error instanceof DescriptorError) throw error;
    const [line = 'not readable'] =
      error instanceof RangeError || String(error).includes('call stack')
        ? ['it is nested too deeply']
        : (error instanceof Error ? error.message : '').split('\n');
    throw new DescriptorError(`${path}: ${line}`, 'a descriptor file is YAML or JSON');
  }
};

/** Descriptors as a YAML file. */
export const descriptorYaml = (descriptors: readonly Descriptor[]): string =>
  stringify(documentOf(descriptors), { aliasDuplicateObjects: false, lineWidth: 0 });

/** The published schema, as `schema/descriptor.json` holds it, for editors. */
export const descriptorJsonSchema = (): unknown =>
  z.toJSONSchema(file, {
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

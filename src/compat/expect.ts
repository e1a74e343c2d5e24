import type { Format } from '../formats/format.ts';
import { roleOf, type Layout } from '../layout/types.ts';
import { parseNumber } from '../rules/expectation.ts';
import type { Expectation } from '../rules/rule.ts';
import type { Descriptor } from './descriptor.ts';
import { comparedFields, pciFieldsOf, relationOf } from './knowledge.ts';

/**
 * What descriptors of destinations say of a state, in the words of the rules: only what the bytes of
 * a state can answer. The rest, such as an opaque version, is for a comparison of two descriptors.
 * With several devices each key speaks of the state that has its device's name.
 */
export const expectationOfDescriptors = (
  descriptors: readonly Descriptor[],
  formats: readonly Format[],
): Expectation =>
  Object.fromEntries(
    descriptors.flatMap((descriptor) =>
      Object.entries(expectationOfOne(descriptor, formats)).map(([key, value]) => [
        descriptors.length === 1 ? key : `device[${descriptor.name}].${key}`,
        value,
      ]),
    ),
  );

const expectationOfOne = (descriptor: Descriptor, formats: readonly Format[]): Expectation => {
  const { pci, driver, capacity } = descriptor;
  const format = formats.find(({ id }) => id === descriptor.format);
  const expect: Record<string, string> = {};
  if (format !== undefined) expect.format = either(descriptor, 'format', format.id);
  if (pci !== undefined) expect.device = either(descriptor, 'pci', pci);
  // A driver of which no format is known, such as vfio-pci, would fit no state.
  if (driver !== undefined && formats.some(({ drivers }) => drivers.includes(driver))) {
    expect.driver = driver;
  }
  if (capacity !== undefined) expect.capacity = capacity.toString();
  if (format === undefined) return expect;
  const has = new Map([
    ...identityFields(descriptor, format),
    ...Object.entries(descriptor.attributes),
  ]);
  for (const [name, layout] of comparedFields(format)) {
    const value = has.get(name);
    const { relations } = descriptor;
    const declared = Object.hasOwn(relations, name) ? relations[name] : undefined;
    // The rules judge a field by its role; a vendor's other relation is none that they know.
    if (value === undefined || (declared !== undefined && declared !== relationOf(layout)))
      continue;
    expect[name] = either(descriptor, name, ...taken(layout, value));
  }
  return expect;
};

/** The destination's own values, and those that it takes besides. */
const either = ({ accepts }: Descriptor, key: string, ...own: readonly string[]): string =>
  [...new Set([...own, ...(Object.hasOwn(accepts, key) ? (accepts[key] ?? []) : [])])].join('|');

/** A reader of a version that takes several takes those before its own. */
const taken = (layout: Layout, value: string): readonly string[] => {
  const version = roleOf(layout, 'version');
  const own = parseNumber(value);
  if (version === undefined || own === undefined || relationOf(layout) !== 'at-least')
    return [value];
  return [...version.supported.filter((one) => one < own).map(String), value];
};

/** Fields of the state that a descriptor says as the PCI id. */
const identityFields = (
  { pci, revision }: Descriptor,
  format: Format,
): readonly (readonly [string, string])[] => {
  const fields = pciFieldsOf(format.id);
  const [vendor, device] = pci?.split(':') ?? [];
  if (fields === undefined || vendor === undefined || device === undefined) return [];
  const said: (readonly [string, string])[] = [[fields.device, `0x${device}`]];
  if (typeof fields.vendor !== 'string') said.push([fields.vendor.field, `0x${vendor}`]);
  if (fields.revision !== undefined && revision !== undefined) {
    said.push([fields.revision, `0x${revision}`]);
  }
  return said;
};

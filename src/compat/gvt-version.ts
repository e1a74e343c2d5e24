/**
 * The version strings of GVT-g, in the three forms that its series gave them. The driver compares the
 * strings for equality; the parts only say why two of them differ.
 */
const forms = [
  {
    // The first of 2019: PCI is flag 2 above the vendor id.
    name: 'VENDOR-DEVICE-i915-TYPE',
    pattern: /^0002([0-9a-f]{4})-([0-9a-f]{4})-(i915-GVTg_V[0-9]{1,2}_[0-9]{1,2})$/u,
    parts: ['vendor id', 'device id', 'type'],
  },
  {
    name: 'VENDOR-DEVICE-TYPE-VERSION',
    pattern: /^([0-9a-f]{4})-([0-9a-f]{4})-(GVTg_V[0-9]{1,2}_[0-9]{1,2})-([0-9a-f]{8})$/u,
    parts: ['vendor id', 'device id', 'type', 'migration version'],
  },
  {
    // July 2020: the driver and the version of the string come first.
    name: 'i915-v1-VENDOR-DEVICE-i915-TYPE-VERSION',
    pattern:
      /^i915-v1-([0-9a-f]{4})-([0-9a-f]{4})-(i915-GVTg_V[0-9]{1,2}_[0-9]{1,2})-([0-9]{1,10})$/u,
    parts: ['vendor id', 'device id', 'type', 'migration version'],
  },
] as const;

interface GvtVersion {
  readonly form: string;
  readonly parts: ReadonlyMap<string, string>;
}

/** Whether a string is one of GVT-g, or means to be. */
export const isGvtVersion = (text: string): boolean => /(?:^|-)GVTg_V/u.test(text);

const gvtVersionOf = (text: string): GvtVersion | undefined => {
  for (const { name, pattern, parts } of forms) {
    const values = pattern.exec(text)?.slice(1);
    if (values === undefined) continue;
    return { form: name, parts: new Map(parts.map((part, at) => [part, values[at] ?? ''])) };
  }
  return undefined;
};

/** Why two strings that are not equal are not: the end of a sentence that names both. */
export const gvtDifference = (source: string, destination: string): string => {
  const [from, to] = [gvtVersionOf(source), gvtVersionOf(destination)];
  if (from === undefined) return ': the source’s is none that its driver writes';
  if (to === undefined) return ': the destination’s is none that its driver writes';
  if (from.form !== to.form) return `: their drivers write ${from.form} and ${to.form}`;
  const differ = [...from.parts].filter(([name, value]) => to.parts.get(name) !== value);
  return `: the ${differ.map(([name]) => name).join(' and the ')} differ${differ.length > 1 ? '' : 's'}`;
};

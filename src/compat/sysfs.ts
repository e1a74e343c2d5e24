import { basename } from 'node:path';
import { AttributeFolder } from './attribute-file.ts';
import { describe, type Descriptor, type Known } from './descriptor.ts';
import { formatOfDevice } from './knowledge.ts';

/** Devices of one folder. */
const mostDevices = 10_000;
/** Attributes that a vendor adds to one device. */
const mostAttributes = 64;

/**
 * The devices of a folder of sysfs: one PCI device, one created mdev, the types that a parent can
 * make, or all of a folder of such. Empty where it holds none.
 */
export const describeSysfs = (path: string): readonly Descriptor[] => {
  const folder = AttributeFolder.at(path);
  const own = devicesIn(folder, path);
  if (own.length > 0) return own;
  const found: Descriptor[] = [];
  for (const name of folder.names()) {
    const inner = folder.folder(name);
    if (inner === undefined) continue;
    found.push(...devicesIn(inner, `${path.replace(/\/$/u, '')}/${name}`));
    if (found.length >= mostDevices) break;
  }
  return found.slice(0, mostDevices);
};

const devicesIn = (folder: AttributeFolder, path: string): readonly Descriptor[] => {
  const mdev = createdMdev(folder, path);
  if (mdev !== undefined) return [mdev];
  const physical = pciDevice(folder, path);
  const types = folder.folder('mdev_supported_types');
  if (types === undefined) return physical === undefined ? [] : [physical];
  // What can be made of a parent is where its devices can go; the parent itself does not migrate.
  const made = folder.names().flatMap((name) => {
    const inner = isUuid(name) ? folder.folder(name) : undefined;
    return inner === undefined ? [] : (createdMdev(inner, `${path}/${name}`) ?? []);
  });
  return [...made, ...supportedTypes(types, path, folder, physical)];
};

const isUuid = (name: string): boolean =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu.test(name);

/** `/sys/bus/mdev/devices/UUID`: its type is the name that a link has. */
const createdMdev = (folder: AttributeFolder, path: string): Descriptor | undefined => {
  const named = folder.linkName('mdev_type');
  const type = folder.folder('mdev_type') ?? besideIt(folder, named);
  if (named === undefined && folder.folder('mdev_type') === undefined) return undefined;
  const parent = folder.folder('..');
  const facts = parent === undefined ? {} : pciFacts(parent);
  const notes: string[] = [];
  if (named === undefined) notes.push('mdev_type is no link, so the type is not known');
  const version = versionOf([folder, type], notes);
  return describe({
    ...facts,
    ...mediated(named, type, facts.driver),
    ...version,
    name: basename(path),
    from: { kind: 'sysfs', path },
    ...aggregationIn(folder),
    ...vendorAttributes([folder, type]),
    notes,
  });
};

/** The folder of a type, where the link to it leads out of what was named. */
const besideIt = (
  folder: AttributeFolder,
  type: string | undefined,
): AttributeFolder | undefined =>
  type === undefined ? undefined : folder.folder(`../mdev_supported_types/${type}`);

const supportedTypes = (
  types: AttributeFolder,
  path: string,
  parent: AttributeFolder,
  physical: Descriptor | undefined,
): readonly Descriptor[] =>
  types.names().flatMap((name) => {
    const type = types.folder(name);
    if (type === undefined || !/^[\x21-\x7e]{1,255}$/u.test(name)) return [];
    const notes: string[] = [];
    const available = decimal(type.text('available_instances'));
    if (available !== undefined) notes.push(`${available} more can be made`);
    const most = decimal(parent.text('max_aggregation'));
    if (most !== undefined) notes.push(`up to ${most} can be aggregated`);
    const facts = physical === undefined ? {} : pciFacts(parent);
    return [
      describe({
        ...facts,
        ...mediated(name, type, facts.driver),
        ...versionOf([type], notes),
        name: `${basename(path)}/${name}`,
        from: { kind: 'sysfs', path: `${path}/mdev_supported_types/${name}` },
        ...vendorAttributes([type]),
        notes,
      }),
    ];
  });

const mediated = (
  type: string | undefined,
  folder: AttributeFolder | undefined,
  driver: string | undefined,
): Partial<Known> => {
  const deviceApi = word(folder?.text('device_api'));
  const own = type?.split('-')[0];
  const format =
    type?.includes('GVTg_') === true ? 'gvt-g' : formatOfDevice(own ?? driver, undefined);
  return {
    ...(type === undefined ? {} : { type }),
    ...(deviceApi === undefined ? {} : { deviceApi }),
    ...(format === undefined ? {} : { format }),
  };
};

const pciDevice = (folder: AttributeFolder, path: string): Descriptor | undefined => {
  const facts = pciFacts(folder);
  if (facts.pci === undefined) return undefined;
  const notes: string[] = [];
  const format = formatOfDevice(facts.driver, facts.pci);
  return describe({
    type: `vfio-pci:${facts.pci}`,
    deviceApi: 'vfio-pci',
    ...facts,
    ...(format === undefined ? {} : { format }),
    ...versionOf([folder], notes),
    name: basename(path),
    from: { kind: 'sysfs', path },
    ...vendorAttributes([folder]),
    notes,
  });
};

const pciFacts = (folder: AttributeFolder): Partial<Known> => {
  const id = (first: string, second: string): string | undefined => {
    const [a, b] = [hexWord(folder.text(first)), hexWord(folder.text(second))];
    return a === undefined || b === undefined ? undefined : `${a}:${b}`;
  };
  const pci = id('vendor', 'device');
  const subsystem = id('subsystem_vendor', 'subsystem_device');
  const revision = /^0x([0-9a-f]{2,8})$/u.exec(folder.text('revision') ?? '')?.[1];
  const driver = folder.linkName('driver')?.replaceAll('-', '_');
  return {
    ...(pci === undefined ? {} : { pci }),
    ...(subsystem === undefined ? {} : { subsystem }),
    ...(revision === undefined ? {} : { revision }),
    ...(driver === undefined ? {} : { driver }),
  };
};

/** The version attribute as proposed in 2019 and 2020, of the device or else of its type. */
const versionOf = (
  folders: readonly (AttributeFolder | undefined)[],
  notes: string[],
): Pick<Known, 'migrationVersion'> => {
  for (const folder of folders) {
    const read = folder?.read('migration_version');
    if (read === undefined || read.kind === 'absent') continue;
    if (read.kind === 'text' && !/[\n\t]/u.test(read.text)) return { migrationVersion: read.text };
    notes.push(
      `migration_version was not taken: ${read.kind === 'text' ? 'it has several lines' : read.why}`,
    );
    return { migrationVersion: null };
  }
  return { migrationVersion: null };
};

const aggregationIn = (folder: AttributeFolder): Pick<Known, 'aggregation'> => {
  const count = decimal(folder.text('aggregated_instances'));
  return count === undefined ? {} : { aggregation: count };
};

/** What a device says of itself in `migration/self`, takes in `migration/compatible`, and describes. */
const vendorAttributes = (
  folders: readonly (AttributeFolder | undefined)[],
): Pick<Known, 'attributes' | 'accepts'> => {
  const attributes = new Map<string, string>();
  const accepts = new Map<string, readonly string[]>();
  for (const folder of folders) {
    if (folder === undefined) continue;
    // The device comes before its type, and its word counts.
    for (const [key, value] of saidBy(folder)) {
      if (!attributes.has(key)) attributes.set(key, value);
    }
    for (const [name, value] of filesOf(folder.folder('migration/compatible'))) {
      const key = generalAttributes.get(name) ?? name;
      const values = value.split(/[,\n]+/u).map((one) => one.trim());
      if (!accepts.has(key)) accepts.set(key, values.filter(Boolean));
    }
    // The types that a device takes, its own among them, as the second series of 2020 has them.
    const types = folder
      .text('compatible_type')
      ?.split(/[\s,]+/u)
      .filter(Boolean);
    if (types !== undefined && !accepts.has('type')) accepts.set('type', types);
  }
  return { attributes: Object.fromEntries(attributes), accepts: Object.fromEntries(accepts) };
};

function* saidBy(folder: AttributeFolder): Generator<readonly [string, string]> {
  const version = word(folder.text('software_version'));
  if (version !== undefined) yield ['software_version', version];
  for (const [name, value] of filesOf(folder.folder('migration/self'))) {
    if (!generalAttributes.has(name)) yield [name, value];
  }
  yield* described(folder.text('description'));
}

/** Attributes of the proposals of 2020 that a descriptor has words of its own for. */
const generalAttributes: ReadonlyMap<string, string> = new Map([
  ['mdev_type', 'type'],
  ['compatible_type', 'type'],
  ['device_api', 'device-api'],
  ['aggregator', 'aggregation'],
  ['migration_version', 'migration-version'],
]);

function* filesOf(folder: AttributeFolder | undefined): Generator<readonly [string, string]> {
  if (folder === undefined) return;
  for (const name of folder.names().slice(0, mostAttributes)) {
    const value = folder.text(name);
    if (value === undefined || !/^[\w.-]{1,64}$/u.test(name) || value.length > 1024) continue;
    yield [name, value];
  }
}

/** `low_gm_size: 128MB`, a line each, as GVT-g writes the description of a type. */
function* described(text: string | undefined): Generator<readonly [string, string]> {
  for (const line of (text ?? '').split('\n').slice(0, mostAttributes)) {
    const [, key, value] = /^([a-z][\w]{0,63}): ?([\x21-\x7e]{1,256})$/u.exec(line) ?? [];
    if (key !== undefined && value !== undefined) yield [key, value];
  }
}

const word = (text: string | undefined): string | undefined =>
  text !== undefined && /^[\x21-\x7e]{1,255}$/u.test(text) ? text : undefined;

const hexWord = (text: string | undefined): string | undefined =>
  /^0x([0-9a-f]{4})$/u.exec(text ?? '')?.[1];

const decimal = (text: string | undefined): number | undefined =>
  /^[0-9]{1,9}$/u.test(text ?? '') ? Number(text) : undefined;

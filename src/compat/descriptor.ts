import type { Relation } from './relate.ts';

/** Longest version string: the attribute of the proposal of 2019 takes one page. */
export const longestVersion = 4096;

/** Where a descriptor was taken from; it says how the destination can be asked. */
export interface Origin {
  readonly kind: 'state' | 'sysfs' | 'vfio-user' | 'written';
  /** As the user named it. */
  readonly path: string;
}

/**
 * What is known of one device, before anything of it is loaded: a type that anyone may compare, an
 * opaque version that only its vendor understands, and what the vendor says of itself besides. What
 * is absent is not known; it is never a word against the device.
 */
export interface Descriptor {
  /** Which device it is for people; it is not compared. */
  readonly name: string;
  readonly from: Origin;
  /** An mdev type, `i915-GVTg_V5_8`, or `vfio-pci:` or `vfio-user:` and the PCI id. */
  readonly type?: string;
  readonly deviceApi?: string;
  readonly pci?: string;
  readonly subsystem?: string;
  readonly revision?: string;
  /** Kernel module, with underscores. */
  readonly driver?: string;
  /** Id of the format of its states. */
  readonly format?: string;
  /** Instances of the type that were made one device. */
  readonly aggregation?: number;
  /** The vendor's string; null for a device that was looked at and offers none. */
  readonly migrationVersion?: string | null;
  /** Fields of the state, and attributes that the vendor adds beside it, by name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** How attributes must stand to each other, as the vendor declares it. */
  readonly relations: Readonly<Record<string, Relation>>;
  /** Values of a source that this destination takes besides its own, by attribute. */
  readonly accepts: Readonly<Record<string, readonly string[]>>;
  /** Parts of the state that a reader must know and its format does not: `tag 64`. */
  readonly mandatory: readonly string[];
  /** Most bytes of a state that it takes. */
  readonly capacity?: number;
  /** Bytes of the state. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** Whether a signature speaks for what is said here; nothing here verifies one. */
  readonly signed: boolean;
  /** What was found beside it and is not compared. */
  readonly notes: readonly string[];
}

/** What may be left out of a descriptor that is made here. */
export type Known = Partial<Descriptor> & Pick<Descriptor, 'name' | 'from'>;

export const describe = (known: Known): Descriptor => ({
  attributes: {},
  relations: {},
  accepts: {},
  mandatory: [],
  signed: false,
  notes: [],
  ...known,
});

/** Whether a file begins as descriptor files do: comments, then the key `descriptor`. */
export const isDescriptorFile = (head: Uint8Array): boolean => {
  const start = new TextDecoder('latin1').decode(head.subarray(0, 4096));
  return /^(?:[ \t]*(?:#[^\n]*)?\r?\n|---\r?\n)*\s*(?:\{\s*"descriptor"\s*:|descriptor\s*:)/u.test(
    start,
  );
};

/** Everything that a comparison looks at, as one text: equal texts get equal answers. */
export const classKey = (descriptor: Descriptor): string => {
  const { type, deviceApi, pci, subsystem, revision, driver, format } = descriptor;
  const { aggregation, migrationVersion, capacity, bytes } = descriptor;
  return JSON.stringify([
    [type, deviceApi, pci, subsystem, revision, driver, format].map((text) => text ?? 0),
    [aggregation ?? 'unknown', capacity ?? 'unknown', bytes ?? 'unknown'],
    migrationVersion === undefined ? 'unknown' : [migrationVersion],
    sorted(descriptor.attributes),
    sorted(descriptor.relations),
    sorted(descriptor.accepts),
    descriptor.mandatory,
    descriptor.from.kind,
  ]);
};

const sorted = (map: Readonly<Record<string, unknown>>): readonly unknown[] =>
  Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));

/** As a file holds it: what is not known is left out. */
export const documentOf = (descriptors: readonly Descriptor[]): unknown => ({
  descriptor: 1,
  devices: descriptors.map((one) => ({
    name: one.name,
    from: one.from,
    ...defined({
      type: one.type,
      'device-api': one.deviceApi,
      pci: one.pci,
      subsystem: one.subsystem,
      revision: one.revision,
      driver: one.driver,
      format: one.format,
      aggregation: one.aggregation,
      'migration-version': one.migrationVersion,
      capacity: one.capacity,
      bytes: one.bytes,
      sha256: one.sha256,
      attributes: filled(one.attributes),
      relations: filled(one.relations),
      accepts: filled(one.accepts),
      mandatory: one.mandatory.length > 0 ? one.mandatory : undefined,
    }),
    signed: one.signed,
    ...defined({ notes: one.notes.length > 0 ? one.notes : undefined }),
  })),
});

const defined = (map: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));

const filled = <T>(map: Readonly<Record<string, T>>): Readonly<Record<string, T>> | undefined =>
  Object.keys(map).length === 0 ? undefined : map;

import { formats } from '../formats/index.ts';
import type { Format } from '../formats/format.ts';
import { roleOf, type Layout } from '../layout/types.ts';
import type { Relation } from './relate.ts';

/** What a vendor compares that stands in no byte of its states. */
export interface Need {
  readonly key: string;
  readonly relation: Relation;
}

/** Fields of a state that are the PCI identity of its device. */
interface PciFields {
  readonly vendor: string | { readonly field: string };
  readonly device: string;
  readonly revision?: string;
}

interface Knowledge {
  readonly needs: readonly Need[];
  readonly pci?: PciFields;
}

const need = (key: string, relation: Relation = 'equal'): Need => ({ key, relation });

/**
 * What each driver’s states leave out and its restore path, firmware or guide asks for. Where the
 * relation is `target`, nobody but the firmware knows which pairs go together.
 */
const knowledge: Readonly<Record<string, Knowledge>> = {
  // linux samples/vfio-mdev/mtty.c: mtty_resume_write() compares version and nr_ports, which are all.
  mtty: { needs: [] },
  // The public guide asks for the same PSID and firmware.
  mlx5: { needs: [need('pci'), need('psid'), need('firmware')] },
  'hisi-acc': { needs: [need('revision')], pci: { vendor: '19e5', device: 'dev_id' } },
  // Generations differ in their device ids.
  qat: { needs: [need('pci')] },
  virtio: {
    needs: [need('pci'), need('num_queues', 'at-least'), need('queue_size', 'at-least')],
  },
  xe: {
    needs: [need('guc', 'target'), need('ggtt_size'), need('vram_size')],
    pci: { vendor: '8086', device: 'devid', revision: 'revid' },
  },
  pds: { needs: [need('pci'), need('firmware', 'target')] },
  ice: { needs: [need('pci')] },
  'i40e-vf': { needs: [need('pci')] },
  'gvt-g': {
    needs: [need('migration-version')],
    pci: { vendor: { field: 'vendor_id' }, device: 'device_id' },
  },
  // A client compares the regions before it migrates.
  'spdk-nvme': { needs: [need('regions')] },
  'libvfio-user-sample': { needs: [need('regions')] },
};

const nothingKnown: Knowledge = { needs: [need('migration-version', 'target')] };

export const needsOf = (format: string | undefined): readonly Need[] =>
  (knowledge[format ?? ''] ?? nothingKnown).needs;

export const pciFieldsOf = (format: string): PciFields | undefined => knowledge[format]?.pci;

/** The fields of a format that tell devices apart, by name. */
export const comparedFields = (format: Format): ReadonlyMap<string, Layout> => {
  const known = made.get(format);
  if (known !== undefined) return known;
  const fields = new Map<string, Layout>();
  const seen = new Set<Layout>();
  const visit = (layout: Layout, name: string): void => {
    if (seen.has(layout)) return;
    if (layout.kind !== 'uint') seen.add(layout);
    switch (layout.kind) {
      case 'uint':
        if (relationOf(layout) !== undefined) fields.set(name, layout);
        return;
      case 'text':
      case 'bytes':
        return;
      case 'struct':
        for (const [field, inner] of Object.entries(layout.fields)) visit(inner, field);
        return;
      case 'array':
      case 'repeat':
        visit(layout.element, name);
        return;
      case 'framed':
      case 'when':
        visit(layout.inner, name);
        return;
      case 'choice':
        for (const inner of Object.values(layout.cases)) visit(inner, name);
        visit(layout.otherwise, name);
        return;
      case 'lazy':
        visit(layout.get(), name);
        return;
    }
  };
  visit(format.layout, '');
  made.set(format, fields);
  return fields;
};

/**
 * The fields that tell a device of this format, where each stands once at a place that no other
 * record can repeat; undefined where a later record may say more.
 */
export const fixedIdentity = (format: Format): readonly string[] | undefined => {
  const names: string[] = [];
  const visit = (layout: Layout, name: string, certain: boolean): boolean => {
    if (layout.kind === 'uint') {
      if (relationOf(layout) === undefined) return true;
      names.push(name);
      return certain;
    }
    if (layout.kind === 'text' || layout.kind === 'bytes') return true;
    if (layout.kind === 'struct') {
      return Object.entries(layout.fields).every(([field, inner]) => visit(inner, field, certain));
    }
    if (layout.kind === 'framed') return visit(layout.inner, name, certain);
    if (layout.kind === 'when') return visit(layout.inner, name, false);
    if (layout.kind === 'array') return visit(layout.element, name, false);
    // Records, cases and what contains itself: more of them may come.
    return false;
  };
  return visit(format.layout, '', true) ? names : undefined;
};

const made = new WeakMap<Format, ReadonlyMap<string, Layout>>();

/**
 * How a field must stand to the destination's, by its roles: an identity is equal, a capability is
 * covered, and a version is one that the destination takes. Undefined for a field that tells no
 * devices apart.
 */
export const relationOf = (layout: Layout): Relation | undefined => {
  if (roleOf(layout, 'identity') !== undefined) return 'equal';
  const role = roleOf(layout, 'compatibility');
  if (role !== undefined) return role.relation === 'superset' ? 'subset' : role.relation;
  const version = roleOf(layout, 'version');
  if (version === undefined) return undefined;
  // A reader that takes several takes those before its own.
  return version.supported.length > 1 ? 'at-least' : 'equal';
};

/** The relation of an attribute of a format by its name, in a state or beside it. */
export const declaredRelation = (format: string | undefined, key: string): Relation | undefined => {
  const own = formats.find(({ id }) => id === format);
  const inState = own === undefined ? undefined : comparedFields(own).get(key);
  if (inState !== undefined) return relationOf(inState);
  if (key === 'software_version') return 'same-major';
  return needsOf(format).find((one) => one.key === key)?.relation;
};

/** The format that a driver, or a device of this id, writes. */
export const formatOfDevice = (
  driver: string | undefined,
  pci: string | undefined,
): string | undefined =>
  (
    formats.find(({ drivers }) => driver !== undefined && drivers.includes(driver)) ??
    formats.find((format) => pci !== undefined && format.pci.includes(pci))
  )?.id;

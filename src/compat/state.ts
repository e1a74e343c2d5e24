import type { Source } from '../bytes/source.ts';
import { examine, type Examined, type ExamineOptions, type Observer } from '../check/examine.ts';
import type { DeviceResult } from '../check/device.ts';
import type { ContainerEvent } from '../container/events.ts';
import { formats as builtins } from '../formats/index.ts';
import type { Format, InvariantWatcher } from '../formats/format.ts';
import { walk, type Node } from '../layout/node.ts';
import { valueText } from '../layout/show.ts';
import { localPath } from '../rules/expectation.ts';
import type { Unit } from '../rules/rule.ts';
import { describe, type Descriptor } from './descriptor.ts';
import { fixedIdentity, pciFieldsOf, relationOf } from './knowledge.ts';
import type { Relation } from './relate.ts';

/** Units of one state in which its identity is looked for. */
const mostUnits = 64;
const mostAttributes = 128;
const mostMandatory = 32;

/** What one state said so far. */
interface Said {
  readonly attributes: Map<string, string>;
  readonly relations: Map<string, Relation>;
  readonly mandatory: Set<string>;
  readonly optional: Set<string>;
  format: string | undefined;
  units: number;
}

/** Listens to the decoding of every device of one input, and keeps what tells devices apart. */
class StateReader {
  readonly #formats: readonly Format[];
  readonly #devices = new Map<string, Said>();
  readonly #watchers = new Map<string, readonly Watcher[]>();
  #sealed = false;

  constructor(formats: readonly Format[] = builtins) {
    this.#formats = formats;
  }

  readonly observer: Observer = {
    event: (event) => this.#event(event),
    unit: (unit) => this.#unit(unit),
  };

  #event(event: ContainerEvent): void {
    if (event.kind === 'sealed-header') this.#sealed = true;
  }

  #unit(unit: Unit): void {
    const said = this.#of(unit.device);
    said.format ??= unit.format;
    said.units += 1;
    this.#parts(unit, said);
    if (said.units > mostUnits) return;
    const seen = new Map<string, Node>();
    for (const field of walk(unit.root)) {
      const { layout, value } = field;
      if (layout === 'gap' || typeof value !== 'bigint') continue;
      const relation = relationOf(layout);
      if (relation === undefined) continue;
      const key = seen.has(field.name) ? localPath(field, unit.root) : field.name;
      seen.set(field.name, field);
      if (said.attributes.size >= mostAttributes) return;
      const wide = value >= 0x1_0000n || (layout.kind === 'uint' && layout.hex === true);
      said.attributes.set(key, wide ? `0x${value.toString(16)}` : value.toString());
      said.relations.set(key, relation);
    }
  }

  /** What the format's own invariants find that a reader must know, or may pass over. */
  #parts(unit: Unit, said: Said): void {
    let watchers = this.#watchers.get(unit.device);
    if (watchers === undefined) {
      const format = this.#formats.find(({ id }) => id === unit.format);
      watchers = watchersOf(format);
      this.#watchers.set(unit.device, watchers);
    }
    for (const { watcher, kind } of watchers) {
      for (const { field } of watcher.unit?.(unit.root) ?? []) {
        if (field === undefined || said[kind].size >= mostMandatory) continue;
        const part = `${field.name} ${valueText(field) ?? ''}`.trimEnd();
        said[kind].add(part);
      }
    }
  }

  #of(device: string): Said {
    let said = this.#devices.get(device);
    if (said === undefined) {
      said = {
        attributes: new Map(),
        relations: new Map(),
        mandatory: new Set(),
        optional: new Set(),
        format: undefined,
        units: 0,
      };
      this.#devices.set(device, said);
    }
    return said;
  }

  /** What is known of a device; the state may have ended, or only begun. */
  descriptor(path: string, result: Partial<DeviceResult> & { readonly name: string }): Descriptor {
    const said = this.#of(result.name);
    const format = this.#formats.find(({ id }) => id === (result.format ?? said.format));
    const identity = pciOf(format, said.attributes);
    const attributes = Object.fromEntries(
      [...said.attributes].filter(([key]) => !identity.taken.includes(key)),
    );
    const pci = result.pci ?? identity.pci;
    const physical = format?.drivers.some((driver) => driver.endsWith('_vfio_pci')) === true;
    const own = format !== undefined && !builtins.includes(format);
    const notes = [...said.optional].map(
      (part) => `${part} is unknown and optional; it is passed over`,
    );
    if (result.partial === true) notes.push('only the beginning of the state is in the input');
    if (this.#sealed)
      notes.push('sealed; the seal was not verified here: vstate-check verify does');
    return describe({
      name: result.name === '' ? path : result.name,
      from: { kind: 'state', path },
      ...(physical && pci !== undefined ? { type: `vfio-pci:${pci}` } : {}),
      ...(pci === undefined ? {} : { pci }),
      ...(identity.revision === undefined ? {} : { revision: identity.revision }),
      ...(format === undefined ? {} : { format: format.id }),
      ...(result.bytes === undefined ? {} : { bytes: result.bytes }),
      ...(result.sha256 === undefined ? {} : { sha256: result.sha256 }),
      attributes,
      // Those of a built-in format are known to who reads the descriptor.
      relations: own ? Object.fromEntries(said.relations) : {},
      mandatory: [...said.mandatory],
      signed: this.#sealed,
      notes,
    });
  }
}

interface Watcher {
  readonly kind: 'mandatory' | 'optional';
  readonly watcher: InvariantWatcher;
}

const watchersOf = (format: Format | undefined): readonly Watcher[] =>
  (format?.invariants ?? []).flatMap(({ id, watch }): readonly Watcher[] => {
    if (id.endsWith('-unknown-mandatory')) return [{ kind: 'mandatory', watcher: watch() }];
    if (id.endsWith('-unknown-optional')) return [{ kind: 'optional', watcher: watch() }];
    return [];
  });

interface PciIdentity {
  readonly pci?: string;
  readonly revision?: string;
  /** Fields that sysfs answers as the PCI id, and not as attributes of these names. */
  readonly taken: readonly string[];
}

const pciOf = (
  format: Format | undefined,
  attributes: ReadonlyMap<string, string>,
): PciIdentity => {
  const fields = format === undefined ? undefined : pciFieldsOf(format.id);
  if (fields === undefined) return { taken: [] };
  const { vendor, device, revision = '' } = fields;
  const vendorId = typeof vendor === 'string' ? vendor : hexId(attributes.get(vendor.field), 4);
  const deviceId = hexId(attributes.get(device), 4);
  if (vendorId === undefined || deviceId === undefined) return { taken: [] };
  const taken = typeof vendor === 'string' ? [device] : [vendor.field, device];
  const pci = `${vendorId}:${deviceId}`;
  const revisionId = hexId(attributes.get(revision), 2);
  if (revisionId === undefined) return { pci, taken };
  return { pci, revision: revisionId, taken: [...taken, revision] };
};

/** Whether a state that goes on has said all that its format tells devices apart by. */
export const saysAll = (descriptor: Descriptor, formats: readonly Format[]): boolean => {
  const format = formats.find(({ id }) => id === descriptor.format);
  const fields = format === undefined ? undefined : fixedIdentity(format);
  if (format === undefined || fields === undefined || fields.length === 0) return false;
  const { vendor, device, revision } = pciFieldsOf(format.id) ?? {};
  const taken = [typeof vendor === 'string' ? undefined : vendor?.field, device, revision];
  return fields.every(
    (field) =>
      Object.hasOwn(descriptor.attributes, field) ||
      (taken.includes(field) && descriptor.pci !== undefined),
  );
};

const hexId = (text: string | undefined, digits: number): string | undefined => {
  if (text === undefined) return undefined;
  const number = Number(text);
  return number < 16 ** digits ? number.toString(16).padStart(digits, '0') : undefined;
};

/** Every device whose state is in an input, in the order in which the states end. */
export const describeStates = async (
  source: Source,
  options: ExamineOptions = {},
): Promise<{ readonly devices: readonly Descriptor[]; readonly examined: Examined }> => {
  const reader = new StateReader(options.formats);
  const examined = await examine(source, reader.observer, { ...options, digest: true });
  const devices = examined.devices.map((device) => reader.descriptor(source.path, device));
  return { devices, examined };
};

import { longestVersion, type Descriptor } from './descriptor.ts';
import { gvtDifference, isGvtVersion } from './gvt-version.ts';
import { declaredRelation, needsOf } from './knowledge.ts';
import { relate, type Relation } from './relate.ts';

export const verdicts = ['compatible', 'incompatible', 'only-the-target-can-tell'] as const;
export type Verdict = (typeof verdicts)[number];

/** Why a pair is not simply compatible. */
export interface Reason {
  /** What was compared: `type`, `pci`, or the name of an attribute. */
  readonly about: string;
  readonly verdict: 'incompatible' | 'only-the-target-can-tell';
  readonly message: string;
  /** Absent where the value is not known. */
  readonly source?: string;
  readonly destination?: string;
}

export interface Answer {
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  /** What was compared and agrees. */
  readonly agree: readonly string[];
  /** How the destination can be asked, where only it can tell. */
  readonly ask: readonly string[];
}

/** Whether a state of the source can be loaded into the destination, in this direction only. */
export const judge = (source: Descriptor, destination: Descriptor): Answer => {
  const comparison = new Comparison(source, destination);
  comparison.types();
  comparison.devices();
  comparison.formats();
  comparison.aggregation();
  comparison.opaqueVersion();
  comparison.attributes();
  comparison.mandatory();
  comparison.capacity();
  return comparison.answer();
};

/** What is compared as a word of its own and not among the attributes. */
const general = ['type', 'device-api', 'pci', 'subsystem', 'revision', 'migration-version'];

class Comparison {
  readonly #source: Descriptor;
  readonly #destination: Descriptor;
  readonly #reasons: Reason[] = [];
  /** What equal opaque versions would settle, because the vendor put it into them. */
  readonly #vendors: Reason[] = [];
  readonly #agree: string[] = [];
  readonly #format: string | undefined;

  constructor(source: Descriptor, destination: Descriptor) {
    this.#source = source;
    this.#destination = destination;
    this.#format = formatOf(source) ?? formatOf(destination);
  }

  types(): void {
    const [had, has] = [this.#source.type, this.#destination.type];
    if (had !== undefined && has !== undefined && had !== has && !this.#accepts('type', had)) {
      const kinds = isMdev(had) === isMdev(has) ? '' : `: ${kindOf(had)} and ${kindOf(has)}`;
      this.#fail('type', had, has, kinds);
    } else if (had !== undefined && has !== undefined) {
      this.#agree.push('type');
    } else if (needsOf(this.#format).length > 0 && !this.#samePci()) {
      this.#leave('type', had, has);
    }
    this.#exact('device-api', this.#source.deviceApi, this.#destination.deviceApi, 'equal');
  }

  devices(): void {
    const needed = needsOf(this.#format).map(({ key }) => key);
    const [had, has] = [this.#source, this.#destination];
    // The type of a physical device is its id.
    const said = this.#reasons.some(({ about }) => about === 'type') && !mdevs(had, has);
    if (!said) this.#exact('pci', had.pci, has.pci, 'equal', needed.includes('pci'));
    this.#exact('subsystem', had.subsystem, has.subsystem, 'target');
    const revision = needed.includes('revision') ? 'equal' : 'target';
    const asked = revision === 'equal';
    this.#exact('revision', had.revision, has.revision, revision, asked);
  }

  formats(): void {
    const [had, has] = [formatOf(this.#source), formatOf(this.#destination)];
    if (had !== undefined && has !== undefined) {
      this.#exact('format', had, has, 'equal');
      return;
    }
    this.#exact('driver', this.#source.driver, this.#destination.driver, 'target');
  }

  aggregation(): void {
    const [had, has] = [aggregationOf(this.#source), aggregationOf(this.#destination)];
    if (had === undefined && has === undefined) return;
    const asked = needsOf(this.#format).length > 0;
    this.#exact('aggregation', had?.toString(), has?.toString(), 'equal', asked);
  }

  opaqueVersion(): void {
    const about = 'migration-version';
    const [had, has] = [this.#source.migrationVersion, this.#destination.migrationVersion];
    const [badly, worse] = [versionFault(had), versionFault(has)];
    if (badly !== undefined || worse !== undefined) {
      this.#fail(about, badly ?? had ?? 'not offered', worse ?? has ?? 'not offered');
    } else if (typeof had === 'string' && typeof has === 'string') {
      if (had === has || this.#accepts(about, had)) {
        this.#agree.push(about);
      } else if (isGvtVersion(had) || isGvtVersion(has)) {
        // linux RFC of April 2020: i915/gvt compares the strings for equality.
        this.#fail(about, had, has, gvtDifference(had, has));
      } else {
        this.#judged(about, had, has, this.#relation(about) ?? 'target');
      }
    } else if (typeof (had ?? has) === 'string' && (had === null || has === null)) {
      // Where one has the attribute, a device without it is one that does not migrate.
      this.#fail(about, had ?? 'not offered', has ?? 'not offered');
    } else if (needsOf(this.#format).some(({ key }) => key === about)) {
      this.#leave(about, had ?? undefined, has ?? undefined);
    }
  }

  attributes(): void {
    const [had, has] = [this.#source.attributes, this.#destination.attributes];
    const needed = needsOf(this.#format).map(({ key }) => key);
    const keys = new Set([...Object.keys(had), ...Object.keys(has), ...needed]);
    for (const key of keys) {
      if (general.includes(key)) continue;
      const [a, b] = [valueOf(had, key), valueOf(has, key)];
      const relation = this.#relation(key);
      if (a !== undefined && b !== undefined) {
        if (this.#accepts(key, a)) this.#agree.push(key);
        else this.#judged(key, a, b, relation ?? 'target');
      } else if (relation !== undefined) {
        this.#leave(key, a, b);
      }
    }
  }

  mandatory(): void {
    const known = this.#destination.mandatory;
    const unknown = this.#source.mandatory.filter((part) => !known.includes(part));
    for (const part of unknown) {
      this.#reasons.push({
        about: 'mandatory',
        verdict: 'incompatible',
        message: `the state holds ${part}, which must be understood and which the destination is not known to understand`,
        source: part,
      });
    }
    if (this.#source.mandatory.length > unknown.length) this.#agree.push('mandatory');
  }

  capacity(): void {
    const has = this.#destination.capacity;
    if (has === undefined) return;
    const { bytes, capacity } = this.#source;
    const had = Math.max(bytes ?? 0, bytes === undefined ? (capacity ?? 0) : 0);
    if (bytes === undefined && capacity === undefined) return;
    if (had <= has) {
      this.#agree.push('capacity');
      return;
    }
    this.#reasons.push({
      about: 'capacity',
      verdict: 'incompatible',
      message:
        bytes === undefined
          ? `the states of the source may have ${had} bytes, but the destination takes ${has}`
          : `the state has ${had} bytes, but the destination takes ${has}`,
      source: String(had),
      destination: String(has),
    });
  }

  answer(): Answer {
    const settled = this.#agree.includes('migration-version');
    const reasons = [...this.#reasons, ...(settled ? [] : this.#vendors)];
    const agree = this.#agree;
    if (reasons.some(({ verdict }) => verdict === 'incompatible')) {
      return { verdict: 'incompatible', reasons, agree, ask: [] };
    }
    if (agree.length === 0 && reasons.length === 0) {
      reasons.push({
        about: 'identity',
        verdict: 'only-the-target-can-tell',
        message: 'nothing that says which device it is, is known on both sides',
      });
    }
    if (reasons.length === 0) return { verdict: 'compatible', reasons, agree, ask: [] };
    const ask = waysToAsk(this.#source, this.#destination, reasons);
    return { verdict: 'only-the-target-can-tell', reasons, agree, ask };
  }

  #samePci(): boolean {
    const { pci } = this.#source;
    return pci !== undefined && pci === this.#destination.pci;
  }

  /** The destination's word counts first: it is its driver that will load the state. */
  #relation(key: string): Relation | undefined {
    const { relations } = this.#destination;
    if (Object.hasOwn(relations, key)) return relations[key];
    const own = this.#source.relations;
    return Object.hasOwn(own, key) ? own[key] : declaredRelation(this.#format, key);
  }

  #accepts(key: string, value: string): boolean {
    const { accepts } = this.#destination;
    return Object.hasOwn(accepts, key) && (accepts[key]?.includes(value) ?? false);
  }

  /** Compares what stands on both sides; what stands on one is left open only when it is `asked` for. */
  #exact(
    about: string,
    had: string | undefined,
    has: string | undefined,
    relation: Relation,
    asked = false,
  ): void {
    if (had === undefined || has === undefined) {
      if (asked) this.#leave(about, had, has);
    } else if (this.#accepts(about, had)) {
      this.#agree.push(about);
    } else {
      this.#judged(about, had, has, this.#destination.relations[about] ?? relation);
    }
  }

  #judged(about: string, had: string, has: string, relation: Relation): void {
    switch (relate(relation, had, has)) {
      case 'meets':
        this.#agree.push(about);
        return;
      case 'fails':
        this.#fail(about, had, has, rules[relation]);
        return;
      case 'target':
        this.#vendors.push({
          about,
          verdict: 'only-the-target-can-tell',
          message: `${about} is ${had} at the source and ${has} at the destination, and only the vendor knows which go together`,
          source: had,
          destination: has,
        });
    }
  }

  #fail(about: string, had: string, has: string, why = ''): void {
    this.#reasons.push({
      about,
      verdict: 'incompatible',
      message: `${about} is ${had} at the source and ${has} at the destination${why}`,
      source: had,
      destination: has,
    });
  }

  #leave(about: string, had: string | undefined, has: string | undefined): void {
    const missing =
      had === undefined && has === undefined
        ? 'on either side'
        : had === undefined
          ? `of the source; the destination has ${has ?? ''}`
          : `of the destination; the source has ${had}`;
    this.#vendors.push({
      about,
      verdict: 'only-the-target-can-tell',
      message: `${about} is not known ${missing}`,
      ...(had === undefined ? {} : { source: had }),
      ...(has === undefined ? {} : { destination: has }),
    });
  }
}

/** What a relation asked for that did not hold. */
const rules: Readonly<Record<Relation, string>> = {
  equal: '',
  subset: ', which lacks some of it',
  'at-least': ', which is less',
  within: ', which does not hold it',
  'same-major': ': the major number must be the same, and the minor not smaller',
  target: '',
};

const isMdev = (type: string): boolean => !/^vfio-(?:pci|user):/u.test(type);

const kindOf = (type: string): string =>
  isMdev(type)
    ? 'an mdev'
    : type.startsWith('vfio-pci:')
      ? 'a physical device'
      : 'a device of a vfio-user server';

const mdevs = (...pair: readonly Descriptor[]): boolean =>
  pair.some(({ type }) => type !== undefined && isMdev(type));

/** The name of a format that says something; `opaque` is no format. */
const formatOf = ({ format }: Descriptor): string | undefined =>
  format === 'opaque' ? undefined : format;

/** An mdev of which nobody said how many instances it has is made of one. */
const aggregationOf = ({ aggregation, type }: Descriptor): number | undefined =>
  aggregation ?? (type !== undefined && isMdev(type) ? 1 : undefined);

const valueOf = (map: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined;

/** What is wrong with a string that no attribute could have held, whoever its vendor is. */
const versionFault = (version: string | null | undefined): string | undefined => {
  if (typeof version !== 'string') return undefined;
  if (version === '') return 'an empty string';
  if (version.length > longestVersion) {
    return `a string of ${version.length} characters, of which an attribute holds ${longestVersion},`;
  }
  return /^[\x20-\x7e]*$/u.test(version) ? undefined : 'a string with bytes that are not printable';
};

const waysToAsk = (
  source: Descriptor,
  destination: Descriptor,
  reasons: readonly Reason[],
): readonly string[] => {
  const ways: string[] = [];
  const { migrationVersion } = source;
  if (typeof migrationVersion === 'string' && typeof destination.migrationVersion === 'string') {
    const where =
      destination.from.kind === 'sysfs'
        ? `${destination.from.path}/migration_version`
        : 'its attribute migration_version';
    ways.push(
      `write ${JSON.stringify(migrationVersion)} to ${where}: success means compatible, an error not`,
    );
  }
  const missing = reasons
    .filter((one) => one.source === undefined || one.destination === undefined)
    .map(({ about }) => about)
    .filter((about) => about !== 'identity');
  if (missing.length > 0) {
    ways.push(`write what is missing into a descriptor file: ${missing.join(', ')}`);
  }
  ways.push('restore a saved state at the destination before the guest of the source is stopped');
  return ways;
};

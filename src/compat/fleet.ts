import { classKey, type Descriptor } from './descriptor.ts';
import { judge, type Answer, type Verdict } from './judge.ts';

/** Devices that nothing tells apart: one answer holds for all of them. */
export interface DeviceClass {
  readonly descriptor: Descriptor;
  readonly names: readonly string[];
}

/** One class of sources against all destinations. */
export interface Row {
  readonly source: DeviceClass;
  /** Classes of destinations that the source was compared with, in their order. */
  readonly cells: readonly Cell[];
  /** Devices and classes that another type rules out without a comparison. */
  readonly otherType: { readonly classes: number; readonly devices: number };
  /** Destination devices by answer, with those of another type. */
  readonly counts: Readonly<Record<Verdict, number>>;
}

export interface Cell {
  readonly destination: DeviceClass;
  readonly answer: Answer;
}

export const classesOf = (descriptors: Iterable<Descriptor>): readonly DeviceClass[] => {
  const classes = new Map<string, { descriptor: Descriptor; names: string[] }>();
  for (const descriptor of descriptors) {
    const key = classKey(descriptor);
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { descriptor, names: [descriptor.name] });
    else known.names.push(descriptor.name);
  }
  return [...classes.values()];
};

/**
 * Answers for every pair, a row at a time. Equal descriptors are compared once, and types that differ
 * are not compared further: what is left of 10,000 × 10,000 devices of 200 types is a few per type.
 */
export function* matrix(
  sources: readonly DeviceClass[],
  destinations: readonly DeviceClass[],
): Generator<Row> {
  const index = new TypeIndex(destinations);
  for (const source of sources) {
    const counts = { compatible: 0, incompatible: 0, 'only-the-target-can-tell': 0 };
    const compared = index.candidates(source.descriptor.type);
    const cells: Cell[] = [];
    let devices = 0;
    for (const destination of compared) {
      const answer = judge(source.descriptor, destination.descriptor);
      cells.push({ destination, answer });
      counts[answer.verdict] += destination.names.length;
      devices += destination.names.length;
    }
    const otherType = {
      classes: destinations.length - compared.length,
      devices: index.devices - devices,
    };
    counts.incompatible += otherType.devices;
    yield { source, cells, otherType, counts };
  }
}

/** Destinations by the types of a source that they could take. */
class TypeIndex {
  readonly devices: number;
  readonly #all: readonly DeviceClass[];
  readonly #typed = new Map<string, number[]>();
  readonly #untyped: number[] = [];

  constructor(destinations: readonly DeviceClass[]) {
    this.#all = destinations;
    this.devices = destinations.reduce((sum, { names }) => sum + names.length, 0);
    destinations.forEach(({ descriptor: { type, accepts } }, at) => {
      if (type === undefined) this.#untyped.push(at);
      else for (const one of new Set([type, ...(accepts.type ?? [])])) this.#add(one, at);
    });
  }

  candidates(type: string | undefined): readonly DeviceClass[] {
    if (type === undefined) return this.#all;
    const places = [...(this.#typed.get(type) ?? []), ...this.#untyped].sort((a, b) => a - b);
    return places.flatMap((at) => this.#all[at] ?? []);
  }

  #add(type: string, at: number): void {
    const places = this.#typed.get(type);
    if (places === undefined) this.#typed.set(type, [at]);
    else places.push(at);
  }
}

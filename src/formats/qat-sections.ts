import { child, numberAt, type Node } from '../layout/node.ts';

export interface Section {
  readonly node: Node;
  /** Ids from the blob downwards, joined by slashes. */
  readonly path: string;
  /** Complete, with all subsections that it claims. */
  readonly whole: boolean;
}

export const blobs = ['setup', 'state'] as const;

const isSection = (node: Node): boolean => child(node, 'sub_sects') !== undefined;

const walked = new WeakMap<Node, readonly Section[]>();

/** Every section of a blob, each before its subsections; walked once for all invariants. */
export const sectionsOf = (blob: Node | undefined): readonly Section[] => {
  if (blob === undefined) return [];
  const before = walked.get(blob);
  if (before !== undefined) return before;
  const found = [...sectionsBelow(blob, '')];
  walked.set(blob, found);
  return found;
};

function* sectionsBelow(parent: Node | undefined, above: string): Generator<Section> {
  for (const node of parent?.children ?? []) {
    const id = child(node, 'id')?.value;
    if (!isSection(node) || typeof id !== 'string') continue;
    const data = child(node, 'data');
    const path = above === '' ? id : `${above}/${id}`;
    const claimed = numberAt(node, 'sub_sects') ?? 0n;
    const found = data?.children.filter(isSection).length ?? 0;
    yield { node, path, whole: data !== undefined && BigInt(found) === claimed };
    if (found > 0) yield* sectionsBelow(data, path);
  }
}

/** Whether a blob was decoded to its last section, so that a section not found is not there. */
export const isWhole = (blob: Node | undefined): blob is Node =>
  blob !== undefined &&
  BigInt(child(blob, 'sections')?.children.filter(isSection).length ?? -1) ===
    numberAt(blob, 'n_sects');

/** Registers of each bank that is there, decoded to the end. */
export function* banksOf(root: Node): Generator<Node> {
  for (const { node, path } of sectionsOf(child(root, 'state.sections'))) {
    const data = child(node, 'data');
    if (/^ETRBAR\/bnk[0-3]\/mregs$/.test(path) && data !== undefined) yield data;
  }
}

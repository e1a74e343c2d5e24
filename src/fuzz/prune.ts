import type { Folder } from './campaign/folder.ts';
import { stateFrom, stateText } from './campaign/state.ts';
import type { Lab } from './lab.ts';
import { MOST_ENTRIES, type CorpusEntry } from './memory.ts';

export interface Pruned {
  readonly kept: number;
  readonly removed: number;
}

/** Fewest edits first, and of those the oldest. */
const rankOf = ({ parent, number }: CorpusEntry): number =>
  parent.plan.edits.length * MOST_ENTRIES + number;

/** Keeps of what a campaign generated only what shows something that the seeds and what is kept do not. */
export const prune = async (folder: Folder, lab: Lab, signal: AbortSignal): Promise<Pruned> => {
  const state = stateFrom(folder.state());
  if (state === undefined) return { kept: 0, removed: 0 };
  // Few edits first: what is simple stays, and what adds nothing to it goes.
  const entries = [...state.memory.entries].sort((a, b) => rankOf(a) - rankOf(b));
  const seeds = lab.options.library.seeds.map(({ digest }) => ({
    seed: digest,
    edits: [],
    repair: { kind: 'all' } as const,
    session: { cuts: { kind: 'whole' }, onRefusal: 'stop', shape: 'plain' } as const,
  }));
  const plans = [...seeds, ...entries.map(({ parent }) => parent.plan)];
  // One run, so that features are told only where they are first seen.
  const seen = await lab.run(lab.apply(plans), signal);
  const signatures = new Set<number>();
  const telling = new Set<unknown>();
  for (const { plan, signature, result } of seen) {
    if (result.features.length > 0 || !signatures.has(signature)) telling.add(plan);
    signatures.add(signature);
  }
  const kept = entries.filter(({ parent }) => telling.has(parent.plan));
  for (const { file, parent } of entries) {
    if (!telling.has(parent.plan)) folder.removeGenerated(file);
  }
  kept.sort((a, b) => a.number - b.number);
  folder.saveState(stateText({ ...state, memory: { ...state.memory, entries: kept } }));
  return { kept: kept.length, removed: entries.length - kept.length };
};

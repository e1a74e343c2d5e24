import type { Folder } from './campaign/folder.ts';
import { readFinding } from './finding-folder.ts';
import type { Lab } from './lab.ts';
import { sameBug } from './minimise.ts';
import { machineWentDown } from './oracles/machine-went-down.ts';

/** A known finding, and whether the target still shows it. */
export interface Regression {
  readonly id: string;
  readonly shown: boolean;
}

/** Runs every known finding of a campaign once. */
export const regressions = async (
  folder: Folder,
  lab: Lab,
  signal: AbortSignal,
): Promise<readonly Regression[]> => {
  const found: Regression[] = [];
  for (const id of folder.findings()) {
    const stored = readFinding(folder.findingPath(id));
    if (stored === undefined) continue;
    const { oracle, bucket, minimal } = stored;
    // Only a person runs again what took the machine down.
    if (oracle === machineWentDown.id) continue;
    const [seen] = await lab.examine([minimal], signal, oracle);
    found.push({ id, shown: seen !== undefined && sameBug(seen, oracle, bucket) !== undefined });
  }
  return found;
};

import { acceptedShort } from './accepted-short.ts';
import { acceptedUnsound } from './accepted-unsound.ts';
import { canaryInLaterSave } from './canary-in-later-save.ts';
import { crashed } from './crashed.ts';
import { goodRefusedAfterRefusal } from './good-refused-after-refusal.ts';
import { hung } from './hung.ts';
import { laterSaveDiffers } from './later-save-differs.ts';
import { leaksMemory } from './leaks-memory.ts';
import { machineWentDown } from './machine-went-down.ts';
import { memoryGrows } from './memory-grows.ts';
import type { Oracle } from './oracle.ts';
import { outputFloods } from './output-floods.ts';
import { refusedButChanged } from './refused-but-changed.ts';
import { refusedButLoaded } from './refused-but-loaded.ts';
import { refusedSound } from './refused-sound.ts';
import { saveDiffers } from './save-differs.ts';
import { stateDependsOnCuts } from './state-depends-on-cuts.ts';
import { targetsDisagree } from './targets-disagree.ts';
import { verdictDependsOnCuts } from './verdict-depends-on-cuts.ts';

/** Every oracle; those whose evidence is plainest first. */
export const oracles: readonly Oracle[] = [
  crashed,
  hung,
  memoryGrows,
  leaksMemory,
  outputFloods,
  targetsDisagree,
  canaryInLaterSave,
  laterSaveDiffers,
  refusedButChanged,
  goodRefusedAfterRefusal,
  saveDiffers,
  refusedButLoaded,
  verdictDependsOnCuts,
  stateDependsOnCuts,
  acceptedShort,
  acceptedUnsound,
  refusedSound,
];

/** Those that are asked, and the one that speaks when nobody is left to be asked. */
export const oracleById = (id: string): Oracle | undefined =>
  [...oracles, machineWentDown].find((oracle) => oracle.id === id);

import type { Target, TargetOptions } from './target.ts';

type Open = (rest: string, options: TargetOptions) => Promise<Target>;

/** Ways to reach a restore path, by the word in front of the colon; each loads its code when used. */
const schemes: Readonly<Record<string, Open>> = {
  harness: async (rest, options) => (await import('./harness.ts')).openHarness(rest, options),
  command: async (rest, options) => (await import('./command.ts')).openCommand(rest, options),
  module: async (rest, options) => (await import('./module.ts')).openModule(rest, options),
  qemu: async (rest, options) => (await import('./qemu.ts')).openQemu(rest, options),
  vfio: async (rest, options) => (await import('./vfio.ts')).openVfio(rest, options),
  'vfio-user': async (rest, options) =>
    (await import('./vfio-user.ts')).openVfioUser(rest, options),
};

/** The target has no such scheme, or nothing behind it. */
export class TargetSpecError extends Error {}

/**
 * Opens `scheme:rest`. Rejects with TargetSpecError when that names no target, and with
 * TargetUnavailable when the target does not start.
 */
export const openTarget = async (spec: string, options: TargetOptions): Promise<Target> => {
  const colon = spec.indexOf(':');
  const scheme = spec.slice(0, Math.max(colon, 0));
  const open = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (open === undefined) {
    throw new TargetSpecError(`a target begins with ${Object.keys(schemes).join(':, ')}:`);
  }
  if (colon === spec.length - 1) throw new TargetSpecError(`nothing stands behind ${scheme}:`);
  return open(spec.slice(colon + 1), options);
};

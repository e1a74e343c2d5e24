import { writeLibvirt, type LibvirtDraft } from '../container/libvirt-write.ts';
import { stream } from './container-examples.ts';

/** A save image of the small stream, with one thing changed. */
export const libvirtExample = (
  change: LibvirtDraft,
): { readonly container: 'libvirt-save'; readonly bytes: Uint8Array } => ({
  container: 'libvirt-save',
  bytes: writeLibvirt({ payload: stream(), ...change }),
});

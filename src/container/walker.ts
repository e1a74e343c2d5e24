import type { ReadAt } from '../bytes/source.ts';
import { bareWalker } from './bare.ts';
import { cloudHypervisorWalker } from './cloud-hypervisor.ts';
import type { ContainerName } from './names.ts';
import type { EventSink, Walker } from './events.ts';
import { libvirtWalker } from './libvirt.ts';
import { multifdWalker } from './multifd.ts';
import { sealedWalker } from './sealed/walker.ts';
import { returnPathWalker } from './return-path.ts';
import { messagesWalker } from './session/messages.ts';
import { sessionWalker } from './session/log.ts';
import type { QemuWalkerOptions } from './qemu/walker.ts';
import { qemuWalker } from './qemu/walker.ts';
import { findVmdesc } from './qemu/vmdesc.ts';

/** What can be asked of the input besides its bytes in order. */
export interface Seeking {
  readonly readAt: ReadAt | undefined;
  readonly size: number | undefined;
  /** Told of each page of guest memory that stands in a QEMU stream. */
  readonly guest?: ((offset: number, length: number) => void) | undefined;
  /** The end of the input may be long in coming, so no description there is waited for. */
  readonly live?: boolean | undefined;
  /** Takes the state of a seal, each frame when its signatures hold. */
  readonly release?: ((payload: Uint8Array, last: boolean) => void) | undefined;
  /** Bytes of a sealed state that are walked, all where this is left out. */
  readonly look?: number | undefined;
  /** Whether the payload of a libvirt image is unpacked; asked when the payload comes. */
  readonly unpacked?: (() => boolean) | undefined;
}

/** The walker of a container; it looks ahead for the description of sections where it can seek. */
export const walkerFor = (container: ContainerName, sink: EventSink, seeking: Seeking): Walker => {
  switch (container) {
    case 'device-state':
      return bareWalker(sink);
    case 'qemu':
      return qemuWalker(sink, described(seeking));
    case 'libvirt-save':
      return libvirtWalker(sink, { ...described(seeking), unpacked: seeking.unpacked });
    case 'multifd-channel':
      return multifdWalker(sink);
    case 'return-path':
      return returnPathWalker(sink);
    case 'session':
      return sessionWalker(sink);
    case 'vfio-user':
      return messagesWalker(sink);
    case 'cloud-hypervisor':
      return cloudHypervisorWalker(sink);
    case 'sealed':
      return sealedWalker(sink, {
        inner: (inside, to) =>
          walkerFor(inside, to, { readAt: undefined, size: undefined, live: seeking.live }),
        release: seeking.release,
        look: seeking.look,
      });
  }
};

/** The description at the end of the file, or that it has none; nothing where that is not known. */
const described = ({ readAt, size, guest, live }: Seeking): QemuWalkerOptions => ({
  ...(guest === undefined ? {} : { guest }),
  ...(readAt === undefined || size === undefined
    ? live === true
      ? { vmdesc: null }
      : {}
    : { vmdesc: findVmdesc(readAt, size) ?? null }),
});

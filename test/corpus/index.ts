import { cloudHypervisorStreams } from './cloud-hypervisor.ts';
import { destinationStreams } from './destination.ts';
import type { Streams } from './edit.ts';
import { gvtGStreams } from './gvt-g.ts';
import { hisiAccStreams } from './hisi-acc.ts';
import { i40eVfStreams } from './i40e-vf.ts';
import { iceStreams } from './ice.ts';
import { libvfioUserSampleStreams } from './libvfio-user-sample.ts';
import { mlx5Streams } from './mlx5.ts';
import { mttyStreams } from './mtty.ts';
import { multifdStreams } from './multifd.ts';
import { opaqueStreams } from './opaque.ts';
import { pdsStreams } from './pds.ts';
import { qatStreams } from './qat.ts';
import { qemuStreams } from './qemu.ts';
import { sealedStreams } from './sealed.ts';
import { spdkNvmeStreams } from './spdk-nvme.ts';
import { virtioStreams } from './virtio.ts';
import { xeStreams } from './xe.ts';

/** Every stream of `corpus/` that is built rather than captured, by folder and file name. */
export const built: Readonly<Record<string, Streams>> = {
  mtty: mttyStreams,
  qat: qatStreams,
  'hisi-acc': hisiAccStreams,
  mlx5: mlx5Streams,
  virtio: virtioStreams,
  xe: xeStreams,
  'gvt-g': gvtGStreams,
  ice: iceStreams,
  'spdk-nvme': spdkNvmeStreams,
  pds: pdsStreams,
  'i40e-vf': i40eVfStreams,
  'libvfio-user-sample': libvfioUserSampleStreams,
  qemu: qemuStreams,
  multifd: multifdStreams,
  opaque: opaqueStreams,
  'cloud-hypervisor': cloudHypervisorStreams,
  destination: destinationStreams,
  sealed: sealedStreams,
};

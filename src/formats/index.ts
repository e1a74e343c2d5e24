import type { Format } from './format.ts';
import { gvtG } from './gvt-g.ts';
import { hisiAcc } from './hisi-acc.ts';
import { i40eVf } from './i40e-vf.ts';
import { ice } from './ice.ts';
import { libvfioUserSample } from './libvfio-user-sample.ts';
import { mlx5 } from './mlx5.ts';
import { mtty } from './mtty.ts';
import { opaque } from './opaque.ts';
import { pds } from './pds.ts';
import { qat } from './qat.ts';
import { spdkNvme } from './spdk-nvme.ts';
import { virtio } from './virtio.ts';
import { xe } from './xe.ts';

/** Every built-in format, in the order in which they are tried on unknown bytes. */
export const formats: readonly Format[] = [
  mtty,
  qat,
  hisiAcc,
  spdkNvme,
  gvtG,
  ice,
  xe,
  mlx5,
  virtio,
  pds,
  i40eVf,
  libvfioUserSample,
  opaque,
];

export const formatById = (id: string): Format | undefined =>
  formats.find((format) => format.id === id);

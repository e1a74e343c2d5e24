import { describe, type Descriptor, type Known } from '../../src/compat/descriptor.ts';
import type { Verdict } from '../../src/compat/judge.ts';

/** One question of the kernel's threads, and its answer; docs/compat-cases.md is printed from them. */
export interface Case {
  readonly title: string;
  readonly source: Descriptor;
  readonly destination: Descriptor;
  readonly verdict: Verdict;
  /** What the answer is about. */
  readonly about?: string;
}

const device = (known: Partial<Known>): Descriptor =>
  describe({ name: 'device', from: { kind: 'written', path: 'device.yaml' }, ...known });

const gvt = (version: string | null, more: Partial<Known> = {}): Descriptor =>
  device({ type: 'i915-GVTg_V5_8', format: 'gvt-g', migrationVersion: version, ...more });

const worked = '8086-591d-GVTg_V5_8-00000001';
const first = '00028086-193b-i915-GVTg_V5_2';
const prefixed = 'i915-v1-8086-591d-i915-GVTg_V5_8-1';
const long = 'a'.repeat(4097);

const versions = (
  title: string,
  destination: string | null,
  verdict: Verdict,
  source = worked,
): Case => ({
  title,
  source: gvt(source),
  destination: gvt(destination),
  verdict,
  ...(verdict === 'incompatible' ? { about: 'migration-version' } : {}),
});

/** A virtual GPU whose state no format explains: its type, and what the vendor’s metadata say of the host. */
const vgpu = (type: string, hostDriver: string): Descriptor =>
  device({
    type,
    driver: 'nvidia_vgpu_vfio',
    attributes: { host_driver: hostDriver, metadata_revision: '2' },
    relations: { host_driver: 'target', metadata_revision: 'target' },
  });

/** The type that the destination has, and those of a source that it takes besides. */
const takes = (...types: readonly string[]): Descriptor =>
  gvt('8086-591d-GVTg_V5_4-00000001', {
    type: 'i915-GVTg_V5_4',
    accepts: { type: types, 'migration-version': [worked] },
  });

const software = (from: string, to: string, verdict: Verdict): Case => ({
  title: `software_version ${from} into ${to}`,
  source: gvt(worked, { attributes: { software_version: from } }),
  destination: gvt(worked, { attributes: { software_version: to } }),
  verdict,
  ...(verdict === 'incompatible' ? { about: 'software_version' } : {}),
});

const virtio = (features: string): Descriptor =>
  device({
    type: 'vfio-pci:1af4:1041',
    pci: '1af4:1041',
    format: 'virtio',
    attributes: { device_features: features, num_queues: '3', queue_size: '256' },
  });

const mlx5 = (more: Partial<Known> = {}): Descriptor =>
  device({
    type: 'vfio-pci:15b3:101e',
    pci: '15b3:101e',
    format: 'mlx5',
    attributes: { psid: 'MT_0000000222', firmware: '28.36.1010' },
    ...more,
  });

const unknown = (version: string): Descriptor =>
  device({ type: 'acme-7', migrationVersion: version });

export const cases: readonly Case[] = [
  {
    title: 'same mdev type, other aggregation',
    source: gvt(worked, { aggregation: 2 }),
    destination: gvt(worked, { aggregation: 1 }),
    verdict: 'incompatible',
    about: 'aggregation',
  },
  {
    title: 'half of device 1 into a quarter of device 2',
    source: device({ type: 'i915-GVTg_V5_2', pci: '8086:591d' }),
    destination: device({ type: 'i915-GVTg_V5_4', pci: '8086:5912', aggregation: 2 }),
    verdict: 'incompatible',
    about: 'type',
  },
  versions('GVT-g: the same string', worked, 'compatible'),
  versions('GVT-g: other device id', '8086-5912-GVTg_V5_8-00000001', 'incompatible'),
  versions('GVT-g: other fraction', '8086-591d-GVTg_V5_4-00000001', 'incompatible'),
  versions('GVT-g: other migration version', '8086-591d-GVTg_V5_8-00000002', 'incompatible'),
  versions('GVT-g: the same string of the first series', first, 'compatible', first),
  versions(
    'GVT-g: other fraction in strings of the first series',
    '00028086-193b-i915-GVTg_V5_4',
    'incompatible',
    first,
  ),
  versions(
    'GVT-g: other vendor and device in strings of the first series',
    '00028087-193a-i915-GVTg_V5_2',
    'incompatible',
    first,
  ),
  versions('GVT-g: the same string of July 2020', prefixed, 'compatible', prefixed),
  versions(
    'GVT-g: other migration version in strings of July 2020',
    'i915-v1-8086-591d-i915-GVTg_V5_8-2',
    'incompatible',
    prefixed,
  ),
  versions('GVT-g: a string of July 2020 into one of 2019', worked, 'incompatible', prefixed),
  versions('GVT-g: a string of the first series into a later one', worked, 'incompatible', first),
  ...(
    [
      ['a type of 16 characters', '8086-591d-GVTg_V5_80000000-00000001'],
      ['a type of 17 characters', '8086-591d-GVTg_V5_800000000-00000001'],
      ['a vendor id of 3 digits', '808-591d-GVTg_V5_8-00000001'],
      ['a vendor id of 5 digits', '80860-591d-GVTg_V5_8-00000001'],
      ['a device id of 3 digits', '8086-591-GVTg_V5_8-00000001'],
      ['a device id of 5 digits', '8086-591d0-GVTg_V5_8-00000001'],
      ['a migration version of 7 digits', '8086-591d-GVTg_V5_8-0000001'],
      ['a migration version of 9 digits', '8086-591d-GVTg_V5_8-000000001'],
      ['a line end behind the string', `${worked}\n`],
      ['a NUL behind the string', `${worked}\0`],
    ] as const
  ).map(([what, source]) => versions(`M1: ${what}`, worked, 'incompatible', source)),
  versions('M5: no attribute', null, 'incompatible'),
  versions('M6: a string of 4097 characters, on both sides', long, 'incompatible', long),
  {
    title: 'compatible_type lists the type of the source',
    source: gvt(worked),
    destination: takes('i915-GVTg_V5_4', 'i915-GVTg_V5_8'),
    verdict: 'compatible',
  },
  {
    title: 'compatible_type lists other types',
    source: gvt(worked),
    destination: takes('i915-GVTg_V5_4', 'i915-GVTg_V5_2'),
    verdict: 'incompatible',
    about: 'type',
  },
  software('1.9', '2.0', 'incompatible'),
  software('1.2', '1.1', 'incompatible'),
  software('1.1', '1.2', 'compatible'),
  {
    title: 'virtio features that are no subset',
    source: virtio('0x4100010020'),
    destination: virtio('0x4100000020'),
    verdict: 'incompatible',
    about: 'device_features',
  },
  {
    title: 'virtio features that are a subset',
    source: virtio('0x4100000020'),
    destination: virtio('0x4100010020'),
    verdict: 'compatible',
  },
  {
    title: 'mlx5 with an unknown mandatory tag',
    source: mlx5({ mandatory: ['tag 64'] }),
    destination: mlx5(),
    verdict: 'incompatible',
    about: 'mandatory',
  },
  {
    title: 'mlx5 with an unknown optional tag',
    source: mlx5({ notes: ['tag 64 is unknown and optional; it is passed over'] }),
    destination: mlx5(),
    verdict: 'compatible',
  },
  {
    title: 'an mdev into a physical device',
    source: device({ type: 'i915-GVTg_V5_8' }),
    destination: device({ type: 'vfio-pci:8086:591d' }),
    verdict: 'incompatible',
    about: 'type',
  },
  {
    title: 'NVIDIA vGPU: other type',
    source: vgpu('nvidia-259', '535.54.06'),
    destination: vgpu('nvidia-256', '535.54.06'),
    verdict: 'incompatible',
    about: 'type',
  },
  {
    title: 'NVIDIA vGPU: the same type, other host driver',
    source: vgpu('nvidia-259', '535.54.06'),
    destination: vgpu('nvidia-259', '550.54.10'),
    verdict: 'only-the-target-can-tell',
    about: 'host_driver',
  },
  {
    title: 'unknown vendor, strings that differ',
    source: unknown('a1'),
    destination: unknown('a2'),
    verdict: 'only-the-target-can-tell',
    about: 'migration-version',
  },
  {
    title: 'unknown vendor, the same string',
    source: unknown('a1'),
    destination: unknown('a1'),
    verdict: 'compatible',
  },
];

import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { TargetSpecError } from './open.ts';
import { settingsOf } from './spec-words.ts';
import { TargetUnavailable } from './target.ts';

export interface VfioSpec {
  readonly helper: string;
  readonly device: string;
}

const form = 'a device is vfio:[helper=PROGRAM]NAME, by its name in sysfs or its path';

export const vfioSpecOf = (text: string): VfioSpec => {
  const { settings, rest } = settingsOf(text, form);
  let helper = 'vstate_vfio';
  for (const [name, value] of settings) {
    if (name !== 'helper' || value === '') {
      throw new TargetSpecError(`${name} is no setting: ${form}`);
    }
    helper = value;
  }
  if (rest === '') throw new TargetSpecError(`no device is named: ${form}`);
  return { helper, device: rest };
};

const cdevs = '/dev/vfio/devices';
const buses = ['/sys/bus/mdev/devices', '/sys/bus/pci/devices'];

/** What the helper is told of a device: its character device, or its group and its name. */
export const helperWords = (device: string): readonly string[] => {
  if (device.startsWith(`${cdevs}/`)) return ['cdev', device];
  const folder = device.includes('/')
    ? device
    : buses.map((bus) => path.join(bus, device)).find((place) => existsSync(place));
  if (folder === undefined || !existsSync(folder)) {
    throw new TargetUnavailable(`there is no device ${device}`);
  }
  const own = path.join(folder, 'vfio-dev');
  const [name] = existsSync(own) ? readdirSync(own) : [];
  if (name !== undefined && existsSync('/dev/iommu')) return ['cdev', path.join(cdevs, name)];
  const group = path.join(folder, 'iommu_group');
  if (!existsSync(group)) throw new TargetUnavailable(`${device} is in no IOMMU group`);
  const number = path.basename(realpathSync(group));
  return ['group', path.join('/dev/vfio', number), path.basename(realpathSync(folder))];
};

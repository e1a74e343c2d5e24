/** The containers that can be told apart by content. */
export const containerNames = [
  'device-state',
  'qemu',
  'libvirt-save',
  'multifd-channel',
  'return-path',
  'session',
  'vfio-user',
  'cloud-hypervisor',
  'sealed',
] as const;
export type ContainerName = (typeof containerNames)[number];

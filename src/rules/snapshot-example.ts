import { mttyState } from './examples.ts';

/** A Cloud Hypervisor snapshot with one VFIO device, and what is to be another. */
export const snapshotExample = (
  change: { readonly blob?: string; readonly cut?: number } = {},
): { readonly container: 'cloud-hypervisor'; readonly bytes: Uint8Array } => {
  const blob = change.blob ?? Buffer.from(mttyState).toString('base64');
  const leaf = (state: object): object => ({
    snapshots: {},
    snapshot_data: { state: JSON.stringify(state) },
  });
  const common = {
    snapshots: {
      pci_configuration: leaf({ registers: [0x32534348] }),
      vfio_migration: leaf({ blob }),
    },
    snapshot_data: {
      state: JSON.stringify({ intx_state: null, msi_state: null, msix_state: null, patches: {} }),
    },
  };
  const devices = { _vfio0: { snapshots: { vfio_common: common }, snapshot_data: null } };
  const text = JSON.stringify({
    snapshots: { 'device-manager': { snapshots: devices, snapshot_data: null } },
    snapshot_data: null,
  });
  const bytes = new TextEncoder().encode(text);
  return {
    container: 'cloud-hypervisor',
    bytes: bytes.subarray(0, text.length - (change.cut ?? 0)),
  };
};

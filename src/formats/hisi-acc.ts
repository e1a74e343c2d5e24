import type { Layout } from '../layout/types.ts';
import {
  array,
  choice,
  identity,
  iova,
  le16,
  le32,
  le64,
  magic,
  oneOf,
  padding,
  reserved,
  struct,
  version,
  when,
  within,
} from '../layout/vocabulary.ts';
import { defineFormat, type Likeness } from './format.ts';
import {
  ACC_DEV_MAGIC_V1,
  ACC_DEV_MAGIC_V2,
  hisiAccInvariants,
  hisiAccSample,
} from './hisi-acc-invariants.ts';

const matched = 'compared by vf_qm_check_match() when byte 40 arrives (EFAULT)';
const QUEUE_ALIGN = 32n;

/** Only a reader of the second magic takes the event queues' addresses as they stand. */
const eventQueueAddress = (doc: string): Layout =>
  choice(
    'acc_magic',
    {
      ACC_DEV_MAGIC_V1: le64({
        control: 'guest',
        doc: `${doc}; written wrongly, a reader computes it from the registers`,
      }),
    },
    le64({ role: iova(QUEUE_ALIGN), control: 'guest', doc }),
  );

const registers = struct(
  {
    aeq_int_mask: le32(),
    eq_int_mask: le32(),
    ifc_int_source: le32(),
    ifc_int_mask: le32(),
    ifc_int_set: le32(),
    page_size: le32({ names: { '4K': 0n, '16K': 1n, '64K': 2n } }),
    qm_eqc_dw: array(7, le32()),
    qm_aeqc_dw: array(7, le32()),
    qm_rsv_regs: array(5, le32({ role: reserved })),
    padding: le32({ role: padding }),
    eqe_dma: eventQueueAddress('event queue'),
    aeqe_dma: eventQueueAddress('asynchronous event queue'),
    sqc_dma: le64({ role: iova(QUEUE_ALIGN), doc: 'contexts of the send queues' }),
    cqc_dma: le64({ role: iova(QUEUE_ALIGN), doc: 'contexts of the completion queues' }),
  },
  { control: 'guest' },
);

/** How many bytes of a magic stand at the start. */
const equalBytes = (head: Uint8Array, value: bigint): number => {
  let equal = 0;
  for (let index = 0; index < 8; index += 1) {
    if (head[index] === Number((value >> BigInt(8 * index)) & 0xffn)) equal += 1;
  }
  return equal;
};

const isDeviceId = (head: Uint8Array): boolean =>
  [0x51, 0x56, 0x59].includes(head[12] ?? 0) &&
  head[13] === 0xa2 &&
  head[14] === 0 &&
  head[15] === 0;

const recognise = (head: Uint8Array, size: number | undefined): Likeness | undefined => {
  const seen = Math.min(head.length, 8);
  const equal = Math.max(equalBytes(head, ACC_DEV_MAGIC_V1), equalBytes(head, ACC_DEV_MAGIC_V2));
  if (seen > 0 && equal === seen) return seen === 8 ? 'certain' : 'likely';
  if (equal >= 4) return 'damaged';
  return isDeviceId(head) && (size === 40 || size === 176) ? 'damaged' : undefined;
};

export const hisiAcc = defineFormat({
  id: 'hisi-acc',
  title: 'HiSilicon Kunpeng accelerator virtual function (hisi-acc-vfio-pci)',
  source: 'linux drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.h: struct acc_vf_data',
  summary: `
One structure of 176 bytes. The first 40 say which device it is for and are sent in PRE_COPY; the
rest are the registers of its queue manager. A function whose guest never loaded a driver is saved
as the first 40 bytes alone. The first magic has no version, and its writers computed the addresses
of the event queues from the wrong registers (CVE-2025-38158).`,
  layout: struct(
    {
      acc_magic: le64({
        role: magic(ACC_DEV_MAGIC_V2, ACC_DEV_MAGIC_V1),
        names: { ACC_DEV_MAGIC_V1, ACC_DEV_MAGIC_V2 },
        driver: matched,
      }),
      qp_num: le32({ role: [identity, within(1n, 1024n)], default: 64n, driver: matched }),
      dev_id: le32({
        role: [identity, oneOf(0xa251n, 0xa256n, 0xa259n)],
        names: {
          PCI_DEVICE_ID_HUAWEI_ZIP_VF: 0xa251n,
          PCI_DEVICE_ID_HUAWEI_SEC_VF: 0xa256n,
          PCI_DEVICE_ID_HUAWEI_HPRE_VF: 0xa259n,
        },
        driver: matched,
      }),
      que_iso_cfg: le32({ role: identity, driver: matched }),
      qp_base: le32({ role: within(0n, 0xffffn), doc: 'first queue of this function' }),
      vf_qm_state: le32({ names: { QM_READY: 0n, QM_NOT_READY: 1n }, strict: true }),
      major_ver: choice(
        'acc_magic',
        { ACC_DEV_MAGIC_V1: le16({ role: reserved }) },
        le16({ role: version(1n), driver: matched }),
      ),
      minor_ver: choice('acc_magic', { ACC_DEV_MAGIC_V1: le16({ role: reserved }) }, le16()),
      qm_rsv_state: array(2, le32({ role: reserved })),
      registers: when({ remaining: 1 }, registers),
    },
    { control: 'driver' },
  ),
  pci: ['19e5:a251', '19e5:a256', '19e5:a259'],
  drivers: ['hisi_acc_vfio_pci'],
  marked: true,
  identity:
    'dev_id, qp_num and que_iso_cfg must equal those of the destination; so must magic and version.',
  sample: hisiAccSample,
  recognise,
  invariants: hisiAccInvariants,
});

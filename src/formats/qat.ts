import {
  array,
  bytes,
  choice,
  compatibility,
  countOf,
  framed,
  iova,
  lazy,
  le16,
  le32,
  le64,
  lengthOf,
  magic,
  oneOf,
  padding,
  repeat,
  rest,
  restOf,
  struct,
  text,
  u8,
  version,
  within,
} from '../layout/vocabulary.ts';
import type { Layout } from '../layout/types.ts';
import { defineFormat, type Likeness } from './format.ts';
import { qatInvariants } from './qat-invariants.ts';
import { qatImage } from './qat-sample.ts';

const ADF_MSTATE_MAGIC = 0xadf5caean;

const preambleChecked = 'compared by adf_mstate_preamble_def_checker() (EINVAL)';
const walked = 'every section must end inside its blob: adf_mstate_sect_validate() (EINVAL)';
const readBack = 'must read back equal once the rings are written: bank_state_restore() (EINVAL)';
const sizeCompared = 'taken only in its exact size: adf_mstate_set_vreg() (EINVAL)';

/** A section of one level; what it holds follows from its id, and an id that is not known is kept. */
const sectionOf = (known: Readonly<Record<string, Layout>>): Layout =>
  struct({
    id: text(8, { doc: 'up to eight characters, padded with NUL' }),
    size: le32({ role: lengthOf('data'), doc: 'includes nested headers', driver: walked }),
    sub_sects: le32({ role: countOf('data'), doc: 'zero in a section that holds a value' }),
    data: framed('size', choice('id', known, unknownData)),
  });

const nested = (known: Readonly<Record<string, Layout>>): Layout =>
  array('sub_sects', sectionOf(known));

const anySection: Layout = lazy(() => sectionOf({}));
const unknownData: Layout = choice('sub_sects', { 0: rest }, array('sub_sects', anySection));

/** One of the two blobs of an image: a preamble and its sections. */
const blob = (known: Readonly<Record<string, Layout>>): Layout =>
  struct(
    {
      magic: le32({ role: magic(ADF_MSTATE_MAGIC), driver: preambleChecked }),
      version: le32({
        role: version(1n, 0n),
        doc: 'writers write 1',
        driver: 'up to 1 is taken: adf_mstate_preamble_def_checker() (EINVAL)',
      }),
      preh_len: le16({ role: oneOf(16n), doc: 'bytes of this preamble' }),
      n_sects: le16({ role: countOf('sections'), driver: walked }),
      size: le32({ role: lengthOf('sections'), doc: 'bytes behind the preamble' }),
      sections: framed('size', array('n_sects', sectionOf(known))),
    },
    { control: 'driver' },
  );

const sla = struct({
  srv: le32({ driver: 'must be one of the destination: adf_mstate_sla_check() (EINVAL)' }),
  pad: le32({ role: padding }),
  rp_mask: le64({ driver: 'must be one of the destination: adf_mstate_sla_check() (EINVAL)' }),
  cir: le32({ driver: 'at most that of the destination: adf_mstate_sla_check() (EINVAL)' }),
  pir: le32({ driver: 'at most that of the destination: adf_mstate_sla_check() (EINVAL)' }),
});

/** A field that saving does not write and restoring does not read: its bytes have no meaning. */
const unsaved = le32({ doc: 'without meaning' });

const ring = struct({
  base: le64({ role: iova(), doc: 'where the device reads and writes ring entries' }),
  config: le32({ doc: 'bits 0 to 4: the ring takes 64 << n bytes' }),
  head: le32({ doc: 'byte offset in the ring' }),
  tail: le32({ doc: 'byte offset in the ring' }),
  reserved0: unsaved,
});

const bankRegisters = struct(
  {
    ringstat0: le32({ driver: readBack }),
    ringstat1: unsaved,
    ringuostat: le32(),
    ringestat: le32({ driver: readBack }),
    ringnestat: le32({ driver: readBack }),
    ringnfstat: le32({ driver: readBack }),
    ringfstat: le32({ driver: readBack }),
    ringcstat0: le32({ driver: readBack }),
    ringcstat1: unsaved,
    ringcstat2: unsaved,
    ringcstat3: unsaved,
    iaintflagen: le32(),
    iaintflagreg: le32(),
    iaintflagsrcsel0: le32(),
    iaintflagsrcsel1: unsaved,
    iaintcolen: le32(),
    iaintcolctl: le32(),
    iaintflagandcolen: le32(),
    ringexpstat: le32({ doc: 'an exception of a ring that was pending on the source' }),
    ringexpintenable: le32(),
    ringsrvarben: le32({ doc: 'one bit for each ring that the arbiter serves' }),
    reserved: unsaved,
    rings: array(2, ring),
    rings_unused: bytes(14 * 24, { doc: 'a bank of a virtual function has two rings' }),
  },
  { control: 'guest' },
);

/** A section that holds one value, under the section's own name. */
const leaf = (name: string, value: Layout): Readonly<Record<string, Layout>> => ({
  [name]: struct({ [name]: value }),
});

const setup = blob({
  CONFIG: nested({
    ...leaf(
      'gencap',
      le32({
        role: compatibility('superset'),
        control: 'device',
        doc: 'what the accelerator can do',
        driver: 'a subset of the destination: adf_mstate_capmask_superset() (EINVAL)',
      }),
    ),
    ...leaf(
      'svcmap',
      le16({
        role: compatibility('equal'),
        doc: 'which service each ring pair offers',
        driver: 'equal on the destination: adf_mstate_capmask_equal() (EINVAL)',
      }),
    ),
    ...leaf(
      'extdc',
      le32({
        role: compatibility('superset'),
        control: 'device',
        doc: 'extended compression capabilities',
        driver: 'a subset of the destination: adf_mstate_capmask_superset() (EINVAL)',
      }),
    ),
  }),
});

const register = (name: string, doc: string, driver?: string): Readonly<Record<string, Layout>> =>
  leaf(name, le32({ control: 'guest', doc, ...(driver === undefined ? {} : { driver }) }));

const bank = nested({ mregs: bankRegisters });

const state = blob({
  GENER: nested({
    ...leaf(
      'iovinit',
      u8({
        role: within(0n, 1n),
        doc: 'the virtual function was set up by its guest',
        driver: sizeCompared,
      }),
    ),
    ...leaf(
      'compver',
      u8({
        control: 'guest',
        doc: 'protocol version that the guest driver spoke with the physical function, 0 if none',
        driver: 'one byte; 0 and newer versions pass: adf_mstate_compatver_check() (EINVAL)',
      }),
    ),
    sla: struct({ slas: repeat(sla, 'sla') }),
  }),
  MISCBAR: nested({
    ...register('visrc', 'interrupt source; saved, not restored'),
    ...register('vimsk', 'interrupt mask', sizeCompared),
    ...register('vispv', 'mailbox interrupt source; saved, not restored'),
    ...register('vimpv', 'mailbox interrupt mask', sizeCompared),
    ...register('pf2vm', 'mailbox from the physical function', sizeCompared),
    ...register('vm2pf', 'mailbox to the physical function', sizeCompared),
  }),
  ETRBAR: nested({ bnk0: bank, bnk1: bank, bnk2: bank, bnk3: bank }),
});

/** The id of the first section, which follows the preamble even when that is damaged. */
const config = Uint8Array.of(0x43, 0x4f, 0x4e, 0x46, 0x49, 0x47, 0, 0);
const magicBytes = Uint8Array.of(0xea, 0xca, 0xf5, 0xad);

const recognise = (head: Uint8Array): Likeness | undefined => {
  const seen = Math.min(head.length, 4);
  const equal = magicBytes.filter((byte, index) => head[index] === byte).length;
  if (seen > 0 && equal === seen) return seen === 4 ? 'certain' : 'likely';
  if (config.every((byte, index) => head[16 + index] === byte)) return 'damaged';
  const preamble = head[8] === 16 && head[9] === 0 && (head[4] ?? 2) <= 1 && head[5] === 0;
  return equal === 3 && preamble ? 'damaged' : undefined;
};

export const qat = defineFormat({
  id: 'qat',
  title: 'Intel QuickAssist virtual function (qat_vfio_pci)',
  source:
    'linux drivers/crypto/intel/qat/qat_common/adf_mstate_mgr.c: struct adf_mstate_preh, struct adf_mstate_sect_h',
  summary: `
An image of 4096 bytes that holds two blobs of nested, named sections: the setup blob with what the
source could do, sent in PRE_COPY, and right behind it, unaligned, the state blob. What follows the
state blob up to the end of the image has no meaning. Sections are found by their id; there is no
checksum.`,
  layout: struct({
    setup,
    state,
    tail: restOf({ doc: 'without meaning; a save path should send zeros' }),
  }),
  pci: ['8086:4941', '8086:4943', '8086:4945', '8086:4947', '8086:4949'],
  drivers: ['qat_vfio_pci'],
  marked: true,
  identity:
    'No device id. gencap, svcmap and extdc tell devices apart as far as their capabilities differ.',
  sample: qatImage(),
  recognise,
  invariants: qatInvariants,
});

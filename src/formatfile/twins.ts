/** What a format file says of an invariant besides what it is about. */
export type Twin = Readonly<Record<string, string>>;

const records = (known: string): Readonly<Record<string, Twin>> => ({
  'tag-unknown-mandatory': {
    holds: `tag in [${known}] || bit(flags, 0)`,
    at: 'tag',
    against: 'flags',
    message: 'tag {tag} is unknown and the record is not optional',
  },
  'tag-unknown-optional': {
    holds: `tag in [${known}] || !bit(flags, 0)`,
    at: 'tag',
    message: 'tag {tag} is unknown; the record was passed over',
  },
  'optional-record-too-large': {
    if: `!(tag in [${known}]) && bit(flags, 0)`,
    holds: 'record_size <= 65536',
    at: 'record_size',
    message: 'record_size of an optional record is {record_size}',
    expected: 'at most 65536',
  },
});

const prefixed = (
  format: string,
  twins: Readonly<Record<string, Twin>>,
): readonly (readonly [string, Twin])[] =>
  Object.entries(twins).map(([id, twin]) => [`${format}-${id}`, twin]);

const apart = 'mod(head - tail, 16)';
const ringSize = 'shl(64, bits(config, 0, 5))';

/**
 * Built-in invariants in the words of a format file. A test holds that each says the same as its
 * TypeScript over the corpus and over its own examples; what is not here is printed as `builtin`.
 */
export const twins: ReadonlyMap<string, Twin> = new Map([
  ...prefixed('mtty', {
    'fifo-count-mismatch': {
      each: 'port[]',
      holds: `mod(count, 16) == ${apart}`,
      at: 'count',
      against: 'head',
      message: `count is {count}, but head {head} and tail {tail} are {${apart}} apart`,
      expected: `count {${apart} == 0 ? "0 or 16" : string(${apart})}`,
    },
    'dlab-contradicts-lcr': {
      each: 'port[]',
      if: 'dlab <= 1',
      holds: '(dlab == 1) == bit(uart_reg.LCR, 7)',
      at: 'dlab',
      against: 'uart_reg.LCR',
      message: 'dlab is {dlab}, but bit 7 of LCR is {bits(uart_reg.LCR, 7, 1)}',
      expected: 'dlab {bits(uart_reg.LCR, 7, 1)}',
    },
    'trigger-level-contradicts-fcr': {
      each: 'port[]',
      if: 'fcr != 0',
      holds: 'intr_trigger_level != 0',
      at: 'intr_trigger_level',
      against: 'fcr',
      message: 'intr_trigger_level is 0, but fcr is {fcr}, and writing it sets the level to 1',
      expected: 'intr_trigger_level 1',
    },
  }),
  ...prefixed('hisi-acc', {
    'legacy-addresses': {
      if: 'acc_magic == ACC_DEV_MAGIC_V1',
      holds: '!has(self.registers)',
      at: 'acc_magic',
      message: 'the event queues’ addresses are not the guest’s, and are to be computed again',
    },
    'page-size-undefined': {
      holds: 'registers.page_size in [0, 1, 2, 12, 14, 16, 4096, 16384, 65536]',
      at: 'registers.page_size',
      message: 'page_size is {registers.page_size}',
      expected: '0, 1 or 2, or a page of 4, 16 or 64 KiB',
    },
    'registers-of-idle-function': {
      if: 'vf_qm_state == QM_NOT_READY',
      holds: '!has(self.registers)',
      at: 'vf_qm_state',
      message: 'the function is not ready, but the state holds its registers',
    },
    'minor-version-newer': {
      if: 'acc_magic != ACC_DEV_MAGIC_V1',
      holds: 'minor_ver == 0',
      at: 'minor_ver',
      message: 'minor_ver is {minor_ver}',
      expected: '0',
    },
  }),
  ...prefixed('mlx5', {
    ...records('FW_DATA, STOP_COPY_SIZE'),
    'image-missing': {
      count: 'tag == FW_DATA',
      'at-end': 'counted > 0 || units == 0',
      message: 'none of the {units} records is a firmware image',
    },
    'image-empty': {
      if: 'tag == FW_DATA',
      holds: 'record_size > 0',
      at: 'record_size',
      message: 'the firmware image has no bytes',
    },
    'stop-copy-size-past-ceiling': {
      if: 'tag == STOP_COPY_SIZE',
      holds: 'data.stop_copy_size <= 4294967295',
      at: 'data.stop_copy_size',
      message: 'stop_copy_size is {data.stop_copy_size}, but an image has at most 4294967295 bytes',
      expected: 'at most 4294967295',
    },
    'flags-contradict-tag': {
      if: 'tag in [FW_DATA, STOP_COPY_SIZE]',
      holds: 'bit(flags, 0) == (tag == STOP_COPY_SIZE)',
      at: 'flags',
      against: 'tag',
      message: '{bit(flags, 0) ? "the image is optional" : "the size record is mandatory"}',
    },
  }),
  ...prefixed('virtio', {
    ...records('DEVICE_DATA'),
    'device-data-missing': {
      count: 'tag == DEVICE_DATA',
      'at-end': 'counted > 0 || units == 0',
      message: 'none of the {units} records is a device context',
    },
    'record-empty': {
      if: 'tag == DEVICE_DATA',
      holds: 'record_size > 0',
      at: 'record_size',
      message: 'the device context has no bytes',
    },
    'record-too-large': {
      if: 'tag == DEVICE_DATA',
      holds: 'record_size <= 16777216',
      at: 'record_size',
      message: 'record_size of a device context is {record_size}',
      expected: 'at most 16777216',
    },
  }),
  ...prefixed('qat', {
    'image-length-wrong': {
      'at-end': 'length == 4096 || units == 0',
      message: 'the image has {length} bytes',
      expected: '4096 bytes',
    },
    'ring-base-misaligned': {
      each: '**.rings[]',
      if: 'bits(config, 0, 5) in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]',
      holds: `mod(base, ${ringSize}) == 0`,
      at: 'base',
      against: 'config',
      message: `base is {hex(base)}, but the ring has {${ringSize}} bytes`,
      expected: `a multiple of {${ringSize}}`,
    },
    'ring-not-in-bank': {
      each: '**.data',
      holds: 'ringsrvarben < 4',
      at: 'ringsrvarben',
      message: 'ringsrvarben is {hex(ringsrvarben)}, but a bank has 2 rings',
      expected: 'bits 0 and 1 only',
    },
    'ring-exception-pending': {
      each: '**.data',
      holds: 'ringexpstat == 0',
      at: 'ringexpstat',
      message: 'ringexpstat is {hex(ringexpstat)}: the bank will be restored in part',
      expected: 'ringexpstat 0',
    },
  }),
]);

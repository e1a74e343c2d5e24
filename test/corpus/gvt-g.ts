import {
  end,
  gvtGSample,
  head,
  longWorkloads,
  ppgtt,
  root,
  workload,
} from '../../src/formats/gvt-g-sample.ts';
import { gvtG } from '../../src/formats/gvt-g.ts';
import type { Draft } from '../../src/layout/draft.ts';
import { joined, patched, written, type Streams } from './edit.ts';

const write = written(gvtG);
const image = (...regions: readonly Draft[]): Uint8Array => write(regions);
const sound = write([...gvtGSample]);

export const gvtGStreams: Streams = {
  'minimal.bin': sound,
  'size-with-terminator.bin': image(head({ data_size: 584n }), ppgtt(), workload(), end()),
  'without-terminator.bin': sound.subarray(0, 576),
  'zeros-behind-terminator.bin': joined(sound, new Uint8Array(64)),
  'one-page-table.bin': image(head({ data_size: 616n }), ppgtt([root()]), workload(), end()),
  'config-space.bin': image(
    head({ data_size: 576n + 8n + 4096n }),
    { type: 'GVT_MIGRATION_CFG_SPACE', data: { vendor_id: 0x8086n, device_id: 0x1912n } },
    ppgtt(),
    workload(),
    end(),
  ),

  'head-missing.bin': image(head(), ppgtt(), workload(), end()).subarray(536),
  'head-twice.bin': image(head({ data_size: 1112n }), ppgtt(), head(), workload(), end()),
  'head-size-527.bin': patched(sound, 4, 0x0f),
  'version-1.bin': patched(sound, 8, 1),
  'data-size-600.bin': patched(sound, 12, 0x58),
  'data-size-negative.bin': patched(sound, 12, 0xf8, 0xff, 0xff, 0xff),
  'data-size-0.bin': patched(sound, 12, 0, 0),
  'crc-set.bin': patched(sound, 16, 0xaa),
  'global-data-set.bin': patched(sound, 0x20, 0, 0x10, 0, 0, 0x81, 0x88, 0xff, 0xff),
  'type-9-in-the-middle.bin': image(
    head({ data_size: 588n }),
    ppgtt(),
    { type: 9n, data: new Uint8Array(4) },
    workload(),
    end(),
  ),
  'page-tables-twice.bin': image(head({ data_size: 584n }), ppgtt(), ppgtt(), workload(), end()),
  'workload-before-page-tables.bin': image(head(), workload(), ppgtt(), end()),
  'config-space-of-4095-bytes.bin': image(
    head({ data_size: 576n + 8n + 4095n }),
    { type: 'GVT_MIGRATION_CFG_SPACE', data: new Uint8Array(4095) },
    ppgtt(),
    workload(),
    end(),
  ),
  'config-space-of-4097-bytes.bin': image(
    head({ data_size: 576n + 8n + 4097n }),
    { type: 'GVT_MIGRATION_CFG_SPACE', data: new Uint8Array(4097) },
    ppgtt(),
    workload(),
    end(),
  ),
  'registers-of-8-bytes.bin': image(
    head({ data_size: 592n }),
    { type: 'GVT_MIGRATION_VREG', data: new Uint8Array(8) },
    ppgtt(),
    workload(),
    end(),
  ),
  'registers-size-largest.bin': image(
    head({ data_size: 592n }),
    { type: 'GVT_MIGRATION_VREG', size: 0xffff_ffffn, data: new Uint8Array(8) },
    ppgtt(),
    workload(),
    end(),
  ),
  'page-table-of-7-bytes.bin': image(
    head({ data_size: 591n }),
    { type: 'GVT_MIGRATION_GTT', data: new Uint8Array(7) },
    ppgtt(),
    workload(),
    end(),
  ),
  'workload-of-25-bytes.bin': image(
    head({ data_size: 577n }),
    ppgtt(),
    { type: 'GVT_MIGRATION_WORKLOAD', data: new Uint8Array(25) },
    end(),
  ),
  'long-workload.bin': image(head({ data_size: 588n }), ppgtt(), longWorkloads(0), end()),
  'two-long-workloads.bin': image(head({ data_size: 624n }), ppgtt(), longWorkloads(1, 4), end()),
  'three-workloads.bin': image(
    head({ data_size: 624n }),
    ppgtt(),
    {
      type: 'GVT_MIGRATION_WORKLOAD',
      size: 72n,
      data: [{ elsp: [0n, 9n, 9n, 9n] }, { ring_id: 1n, index: 0n }, { ring_id: 2n }],
    },
    end(),
  ),
  'long-workload-of-ring-5.bin': image(head({ data_size: 588n }), ppgtt(), longWorkloads(5), end()),
  'two-long-workloads-of-ring-5.bin': image(
    head({ data_size: 624n }),
    ppgtt(),
    longWorkloads(0, 5),
    end(),
  ),
  'long-workload-one-byte-less.bin': image(
    head({ data_size: 587n }),
    ppgtt(),
    { type: 'GVT_MIGRATION_WORKLOAD', data: new Uint8Array(35) },
    end(),
  ),
  'ring-8.bin': patched(sound, 0x228, 8),
  'ring-negative.bin': patched(sound, 0x228, 0xff, 0xff, 0xff, 0xff),
  'page-table-level-0.bin': image(
    head({ data_size: 616n }),
    ppgtt([root({ page_table_level: 0n })]),
    workload(),
    end(),
  ),
  'page-table-level-99.bin': image(
    head({ data_size: 616n }),
    ppgtt([root({ page_table_level: 99n })]),
    workload(),
    end(),
  ),
  'four-levels-two-roots.bin': image(
    head({ data_size: 616n }),
    ppgtt([root({ pdp: [0x1000n, 0x2000n, 0n, 0n] })]),
    workload(),
    end(),
  ),
  'data-behind-terminator.bin': joined(sound, Uint8Array.of(1, 2, 3, 4)),
  'cut-in-region-header.bin': sound.subarray(0, 540),
  'cut-in-head.bin': sound.subarray(0, 527),
  'cut-behind-first-header.bin': sound.subarray(0, 8),
};

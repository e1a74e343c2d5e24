import { FEATURE_PROBE } from '../container/session/format.ts';
import { mostRanges, type DmaLogging, type DmaRange } from '../container/session/logging.ts';
import { hex } from './fault-rule.ts';
import {
  dmaLogging,
  logging,
  loggingReport,
  userFeature,
  userSave,
  v2Save,
} from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

/** The kernel and libvfio-user count in 64 bits, and refuse an end that does not fit. */
const END = 1n << 64n;
const SMALLEST = 4096n;

const isPowerOfTwo = (value: bigint): boolean => value > 0n && (value & (value - 1n)) === 0n;
const rangeText = ({ iova, length }: DmaRange): string => `${hex(length)} bytes at ${hex(iova)}`;

const wrongRanges = (ranges: readonly DmaRange[], page: bigint): string | undefined => {
  for (const range of ranges) {
    if (range.iova % page !== 0n || range.length % page !== 0n) {
      return `${rangeText(range)} are no whole pages of ${page} bytes`;
    }
    if (range.iova + range.length >= END) return `${rangeText(range)} end behind 2^64`;
  }
  const sorted = ranges.toSorted((a, b) => (a.iova < b.iova ? -1 : 1));
  for (const [index, range] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next === undefined || range.iova + range.length <= next.iova) continue;
    return `${rangeText(range)} overlap ${rangeText(next)}`;
  }
  return undefined;
};

const wrongIn = (asked: DmaLogging): string | undefined => {
  const { page } = asked;
  if (asked.of === 'report') {
    if (!isPowerOfTwo(page) || page < SMALLEST) return `page_size is ${page}`;
    return asked.iova + asked.length >= END ? `${rangeText(asked)} end behind 2^64` : undefined;
  }
  if (asked.count === 0 || asked.count > mostRanges) return `num_ranges is ${asked.count}`;
  if (!isPowerOfTwo(page)) return `page_size is ${page}`;
  return wrongRanges(asked.ranges, page);
};

export default sessionRule({
  id: 'session-dma-logging-invalid',
  title: 'The log of a device\u2019s DMA is asked for in a way that is refused',
  threats: ['feeder', 'corruption'],
  cwe: 'CWE-1284',
  rationale: `
DMA_LOGGING_START names ranges of addresses and a page size, DMA_LOGGING_REPORT one range and the size of
the pages in its bitmap. The kernel refuses no range or more than fit into a page, a range that is not made of
whole pages, overlaps another or ends behind 2^64, and a bitmap of pages below 4 KiB. Who does not see the
refusal migrates memory that the device goes on writing.`,
  advice: 'Check count, alignment, overlap and end of the ranges before the log is made.',
  sources: [
    'linux drivers/vfio/vfio_main.c: vfio_ioctl_device_feature_logging_start()',
    'linux drivers/vfio/vfio_main.c: vfio_ioctl_device_feature_logging_report()',
  ],
  over: ['session-feature'],
  begin: nothingKept,
  examples: () => ({
    good: [
      v2Save({ info: [logging({ count: 1 }), logging({ count: 256 }), loggingReport({})] }),
      userSave({ behind: userFeature(9, dmaLogging([0x1000n, 0x1000n], [0n, 0x1000n])) }),
    ],
    bad: [
      v2Save({ info: [logging({ count: 0, result: -22 })] }),
      v2Save({ info: [logging({ count: 257, result: -7 })] }),
      v2Save({ info: [loggingReport({ page: 2048n, result: -22 })] }),
      v2Save({ info: [loggingReport({ iova: 1n << 63n, size: 1n << 63n, result: -75 })] }),
      userSave({ behind: userFeature(9, dmaLogging([0n, 0x2000n], [0x1000n, 0x1000n])) }),
      userSave({ behind: userFeature(9, dmaLogging([0x800n, 0x1000n])) }),
    ],
  }),
  *see(event) {
    if (event.kind !== 'session-feature' || event.logging === undefined) return;
    if ((event.flags & FEATURE_PROBE) !== 0) return;
    const wrong = wrongIn(event.logging);
    if (wrong === undefined) return;
    yield said(event, {
      message: `DMA_LOGGING_${event.logging.of.toUpperCase()}: ${wrong}`,
      expected:
        event.logging.of === 'start'
          ? `1 to ${mostRanges} ranges of whole pages, apart from each other`
          : 'a power of two from 4096, and an end below 2^64',
    });
  },
});

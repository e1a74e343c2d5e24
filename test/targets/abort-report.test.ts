import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { abortReportIn } from '../../src/targets/abort-report.ts';

describe('what a program or a kernel says when it ends', () => {
  it.each([
    [
      'an assertion of the C library',
      "restore: state.c:12: take_state: Assertion `size < 16' failed.",
      { signal: 'SIGABRT', stack: ['take_state'] },
    ],
    [
      'an assertion of GLib',
      '**\nERROR:../migration/ram.c:99:ram_load: assertion failed: (x < y)',
      { signal: 'SIGABRT', stack: ['ram_load'] },
    ],
    [
      'an allocation that GLib did not get',
      '(process:1): GLib-ERROR **: 10:00:00.000: ../glib/gmem.c:136: failed to allocate 137438953472 bytes',
      { signal: 'allocation-failure', stack: [] },
    ],
    ['a heap that is damaged', 'free(): invalid pointer', { signal: 'heap-corruption', stack: [] }],
    [
      'a report of KASAN',
      [
        '[   12.345678] BUG: KASAN: slab-out-of-bounds in mtty_write+0x12/0x40 [mtty]',
        '[   12.345679] Call Trace:',
        '[   12.345680]  <TASK>',
        '[   12.345681]  dump_stack_lvl+0x5d/0x80',
        '[   12.345682]  kasan_report+0xb0/0xe0',
        '[   12.345683]  mtty_write+0x12/0x40 [mtty]',
        '[   12.345684]  vfs_write+0x1/0x2',
        '[   12.345685]  </TASK>',
        '[   12.345686]  unrelated+0x1/0x2',
      ].join('\n'),
      { signal: 'kasan-slab-out-of-bounds', stack: ['mtty_write', 'vfs_write'] },
    ],
    [
      'an oops',
      '[    1.000000] BUG: kernel NULL pointer dereference, address: 0\n[    1.000001] RIP: 0010:take+0x1/0x2 [x]',
      { signal: 'kernel-oops', stack: ['take'] },
    ],
    [
      'a report of UBSAN',
      '[    1.000000] UBSAN: array-index-out-of-bounds in mtty.c:1',
      { signal: 'ubsan-array-index-out-of-bounds', stack: [] },
    ],
  ])('%s', (_, text, report) => {
    assert.deepEqual(abortReportIn(text), report);
  });

  it('is nothing in other text, however much of it', () => {
    assert.equal(abortReportIn('load of migration failed\n'.repeat(50_000)), undefined);
    assert.equal(abortReportIn(`: ${'a'.repeat(100_000)}: Assertion`), undefined);
  });
});

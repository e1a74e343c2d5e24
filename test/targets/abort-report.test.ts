import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { abortReportIn } from '../../src/targets/abort-report.ts';

const kernel = (...lines: readonly string[]): string =>
  lines.map((line, at) => `[  ${300 + at}.000001][  T${40 + at}] ${line}`).join('\n');

/** In the form of each architecture, of drivers that nobody has. */
const kernels: [string, string, { readonly signal: string; readonly stack: readonly string[] }][] =
  [
    [
      'an oops on arm64',
      kernel(
        'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000018',
        'Mem abort info:',
        '  ESR = 0x0000000096000004',
        'Internal error: Oops: 0000000096000004 [#1] SMP',
        'Modules linked in: zeta_vfio vfio_pci_core',
        'CPU: 3 PID: 911 Comm: vstate_vfio Not tainted 6.9.0 #1',
        'pstate: 60400005 (nZCv daif +PAN -UAO -TCO -DIT -SSBS BTYPE=--)',
        'pc : zeta_load_queue+0x34/0xa0 [zeta_vfio]',
        'lr : zeta_resume_write+0x9c/0x1d0 [zeta_vfio]',
        'sp : ffff80008378bc60',
        'x29: ffff80008378bc60 x28: ffff0000c5a30000 x27: 0000000000000000',
        'Call trace:',
        ' zeta_load_queue+0x34/0xa0 [zeta_vfio] (P)',
        ' zeta_resume_write+0x9c/0x1d0 [zeta_vfio]',
        ' vfs_write+0xd0/0x3b0',
        'Code: f9400001 b4000061 (f9400c22) d2800003',
        '---[ end trace 0000000000000000 ]---',
        ' unrelated+0x1/0x2',
      ),
      { signal: 'kernel-oops', stack: ['zeta_load_queue', 'zeta_resume_write', 'vfs_write'] },
    ],
    [
      'an oops on riscv',
      kernel(
        'Unable to handle kernel paging request at virtual address ffffffd800000010',
        'Oops [#1]',
        'Modules linked in: iota',
        'CPU: 0 PID: 77 Comm: feeder Not tainted 6.8.0 #2',
        'epc : iota_take+0x1a/0x60 [iota]',
        ' ra : iota_write+0x44/0x90 [iota]',
        'epc : ffffffff01a3401a ra : ffffffff01a34144 sp : ffffffc800b7bd20',
        'status: 0000000200000120 badaddr: ffffffd800000010 cause: 000000000000000d',
        '[<ffffffff01a3401a>] iota_early+0x1a/0x60 [iota]',
        'Call Trace:',
        '[<ffffffff01a3401a>] iota_take+0x1a/0x60 [iota]',
        '[<ffffffff01a34144>] iota_write+0x44/0x90 [iota]',
        '[<ffffffff801f2c5e>] vfs_write+0xa8/0x2f0',
        'Code: 87b3 00e7 6398 (611c) 8082',
        '---[ end trace 0000000000000000 ]---',
      ),
      { signal: 'kernel-oops', stack: ['iota_take', 'iota_write', 'vfs_write'] },
    ],
    [
      'an oops on s390',
      kernel(
        'Unable to handle kernel pointer dereference in virtual kernel address space',
        'Failing address: 0000000000000000 TEID: 0000000000000483',
        'Oops: 0004 ilc:3 [#1] SMP',
        'Krnl PSW : 0704c00180000000 000003ff8012c2a4 (kappa_set+0x2c/0x70 [kappa])',
        'Krnl GPRS: 0000000000000000 0000000000000001',
        'Call Trace:',
        ' [<000003ff8012c2a4>] kappa_set+0x2c/0x70 [kappa]',
        '([<000003ff8012c30e>] kappa_ioctl+0x26/0x90 [kappa])',
        'Last Breaking-Event-Address:',
        ' [<000003ff8012c30a>] kappa_other+0x22/0x90 [kappa]',
      ),
      { signal: 'kernel-oops', stack: ['kappa_set', 'kappa_ioctl'] },
    ],
    [
      'an oops on powerpc',
      kernel(
        'BUG: Kernel NULL pointer dereference on read at 0x00000008',
        'Faulting instruction address: 0xc0080000012a0134',
        'Oops: Kernel access of bad area, sig: 11 [#1]',
        'NIP:  c0080000012a0134 LR: c0080000012a0210 CTR: c0000000004e2b30',
        'NIP [c0080000012a0134] theta_map+0x34/0x80 [theta]',
        'LR [c0080000012a0210] theta_write+0x90/0x120 [theta]',
        'Call Trace:',
        '[c00000000a33bb90] [c0080000012a0210] theta_write+0x90/0x120 [theta] (unreliable)',
        '[c00000000a33bc10] [c0000000004e2c44] vfs_write+0x114/0x4b0',
        '---[ end trace 0000000000000000 ]---',
      ),
      { signal: 'kernel-oops', stack: ['theta_map', 'theta_write', 'vfs_write'] },
    ],
    [
      'a report of KASAN on arm64, without who allocated',
      kernel(
        'BUG: KASAN: slab-use-after-free in zeta_free_queue+0x70/0x90 [zeta_vfio]',
        'Write of size 8 at addr ffff0000c8a41208 by task feeder/918',
        'Call trace:',
        ' dump_backtrace+0x9c/0x128',
        ' show_stack+0x20/0x38',
        ' dump_stack_lvl+0x60/0xb0',
        ' print_report+0xf8/0x5d8',
        ' kasan_report+0xc8/0x118',
        ' __asan_report_store8_noabort+0x20/0x30',
        ' zeta_free_queue+0x70/0x90 [zeta_vfio]',
        ' zeta_resume_write+0x9c/0x1d0 [zeta_vfio]',
        '',
        'Allocated by task 918:',
        ' kasan_save_stack+0x3c/0x68',
        ' zeta_probe+0x10/0x20 [zeta_vfio]',
      ),
      { signal: 'kasan-slab-use-after-free', stack: ['zeta_free_queue', 'zeta_resume_write'] },
    ],
    [
      'a check of UBSAN that traps on arm64',
      kernel(
        'Internal error: UBSAN: array index out of bounds: 00000000f2005512 [#1] SMP',
        'pc : zeta_pick+0x10/0x20 [zeta_vfio]',
        'Call trace:',
        ' zeta_pick+0x10/0x20 [zeta_vfio]',
      ),
      { signal: 'ubsan-array-index-out-of-bounds', stack: ['zeta_pick'] },
    ],
    [
      'a count of references that falls below zero',
      kernel(
        '------------[ cut here ]------------',
        'refcount_t: underflow; use-after-free.',
        'WARNING: CPU: 1 PID: 88 at lib/refcount.c:28 refcount_warn_saturate+0xf4/0x148',
        'pc : refcount_warn_saturate+0xf4/0x148',
        'Call trace:',
        ' refcount_warn_saturate+0xf4/0x148',
        ' zeta_put+0x40/0x60 [zeta_vfio]',
      ),
      { signal: 'refcount-underflow', stack: ['zeta_put'] },
    ],
    [
      'a panic that nothing came before',
      kernel(
        'Kernel panic - not syncing: zeta: firmware is gone',
        'CPU: 1 PID: 88 Comm: feeder Not tainted 6.9.0 #1',
        'Call trace:',
        ' dump_backtrace+0x9c/0x128',
        ' show_stack+0x20/0x38',
        ' dump_stack+0x18/0x28',
        ' panic+0x3a4/0x400',
        ' zeta_reset+0x40/0x60 [zeta_vfio]',
        'SMP: stopping secondary CPUs',
      ),
      { signal: 'kernel-panic', stack: ['zeta_reset'] },
    ],
    [
      'a processor that does not come back',
      kernel(
        'watchdog: BUG: soft lockup - CPU#2 stuck for 26s! [feeder:918]',
        'pc : zeta_wait+0x20/0x40 [zeta_vfio]',
        'Call trace:',
        ' zeta_wait+0x20/0x40 [zeta_vfio]',
      ),
      { signal: 'kernel-lockup', stack: ['zeta_wait'] },
    ],
    [
      'a stall',
      kernel('rcu: INFO: rcu_sched self-detected stall on CPU', 'pc : zeta_spin+0x8/0x10'),
      { signal: 'kernel-hang', stack: ['zeta_spin'] },
    ],
    [
      'a list that is damaged',
      kernel(
        'list_del corruption. prev->next should be ffff0000c8a41208, but was dead000000000100.',
        'kernel BUG at lib/list_debug.c:62!',
        'pc : zeta_drop+0x8/0x10',
      ),
      { signal: 'kernel-list-del-corruption', stack: ['zeta_drop'] },
    ],
  ];

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
    ...kernels,
  ])('%s', (_, text, report) => {
    assert.deepEqual(abortReportIn(text), report);
  });

  it('is nothing in other text, however much of it', () => {
    assert.equal(abortReportIn('load of migration failed\n'.repeat(50_000)), undefined);
    assert.equal(abortReportIn(`: ${'a'.repeat(100_000)}: Assertion`), undefined);
    assert.equal(abortReportIn(`UBSAN: ${'a '.repeat(50_000)}`.repeat(3)), undefined);
    assert.equal(abortReportIn('epc : of nothing\nCall trace:\n take+0x1/0x2\n'), undefined);
  });
});

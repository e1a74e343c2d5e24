import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { crashReportIn, framesIn, withNames } from '../../src/targets/crash-report.ts';

const named = (text: string): readonly [string, ...(string | undefined)[]] | undefined => {
  const report = crashReportIn(text);
  return report && [report.signal, ...report.frames.map((frame) => frame.function)];
};

describe('crash reports', () => {
  it.each([
    [
      `some words
==12==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000014 at pc 0x4c3a2f
READ of size 1 at 0x602000000014 thread T0
    #0 0x4c3a2e in take_record /src/a.c:12:3
    #1 0x4c3b00 in (anonymous namespace)::go(int) /src/a.cc:4
    #2 0x4c3c00 in main (/src/a+0x4c3c00)

freed by thread T0 here:
    #0 0x493d2d in free (/src/a+0x493d2d)`,
      ['heap-buffer-overflow', 'take_record', '(anonymous namespace)::go(int)', 'main'],
    ],
    [
      '==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x1 bp 0x2 sp 0x3 T0)\n    #0 0x1 in f f.c:1',
      ['SIGSEGV', 'f'],
    ],
    ['==1==ERROR: AddressSanitizer: ABRT on unknown address', ['SIGABRT']],
    ['==1==ERROR: AddressSanitizer: attempting double-free on 0x1 in thread T0:', ['double-free']],
    [
      '==1==ERROR: AddressSanitizer: attempting free on address which was not malloc()-ed: 0x1',
      ['bad-free'],
    ],
    [
      '==1==ERROR: AddressSanitizer: requested allocation size 0xffffffff exceeds maximum',
      ['allocation-size-too-big'],
    ],
    ['==1==ERROR: LeakSanitizer: detected memory leaks', ['memory-leak']],
    [
      '==1==WARNING: MemorySanitizer: use-of-uninitialized-value\n    #0 0x49 in g /g.c:3:4',
      ['use-of-uninitialized-value', 'g'],
    ],
    [
      'WARNING: ThreadSanitizer: data race (pid=1)\n  Write of size 4\n    #0 h /h.c:9 (h+0x1)\n',
      ['data-race', 'h'],
    ],
    [
      '/src/a.c:8:57: runtime error: shift exponent 117 is too large for 32-bit type\n    #0 0x1 in s /a.c:8:57\n',
      ['shift-exponent', 's'],
    ],
    [
      'a.c:1:2: runtime error: signed integer overflow: 1 + 2147483647 cannot be represented',
      ['signed-integer-overflow'],
    ],
    ['a.c:1:2: runtime error: something new', ['undefined-behaviour']],
  ])('are read: %#', (text, wanted) => {
    assert.deepEqual(named(text), wanted);
  });

  it('are not seen where there are none', () => {
    assert.equal(crashReportIn('runtime error\nERROR: nothing\n#0 0x1 in f'), undefined);
  });

  it('give names to their addresses, and nothing else is changed', () => {
    const text = 'before\n    #0 0x1  (/bin/x+0x10) (BuildId: 1)\n    #1 0x2 in main /x.c:1\nafter';
    assert.deepEqual(
      framesIn(text).map(({ module, offset }) => [module, offset]),
      [
        ['/bin/x', 0x10],
        [undefined, undefined],
      ],
    );
    assert.equal(
      withNames(text, () => 'in f /f.c:1'),
      text.replace('(BuildId: 1)', '(BuildId: 1) in f /f.c:1'),
    );
  });

  it('are read from anything, in no time', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        ...['==1==ERROR: AddressSanitizer: ', ': runtime error: ', '    #0 0x1 ', 'in ', '\n'],
        ...['(', '+0x', ')', '\u001b[31m', '#999999999 0x', 'x'.repeat(100_000), ' '.repeat(5000)],
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const report = crashReportIn(pieces.join(''));
        assert.ok(report === undefined || report.frames.length <= 64);
      }),
      { numRuns: 200 },
    );
  });
});

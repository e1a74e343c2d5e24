import { defineRule } from './rule.ts';

export default defineRule({
  id: 'kernel-pointer-exposed',
  title: 'Words that look like kernel addresses of the source host',
  severity: 'low',
  confidence: 'possible',
  threats: ['exposure'],
  cwe: 'CWE-200',
  applies: { to: 'state', formats: ['opaque'] },
  needs: 'analysis',
  rationale: `
Aligned 8-byte words in the range of kernel addresses stand in a state whose layout is not known.
Firmware images can hold such values by chance; a driver that saves its own structures, or memory
that it never cleared, leaks where the source's kernel lies, which is what an attacker needs next.`,
  advice: 'Save fields one by one into cleared memory, never structures with pointers in them.',
  sources: ['linux Documentation/arch/x86/x86_64/mm.rst: kernel address ranges', 'CWE-200'],
  examples: () => ({
    good: [{ bytes: Uint8Array.from({ length: 64 }, (_, at) => at), format: 'opaque' }],
    bad: [
      {
        bytes: Uint8Array.from({ length: 64 }, (_, at) =>
          at < 8 ? ([0x80, 0x12, 0x34, 0x81, 0x88, 0xff, 0xff, 0xff][at] ?? 0) : at,
        ),
        format: 'opaque',
      },
    ],
  }),
  watch: () => ({
    *state({ opaque, locate }) {
      if (opaque === undefined || opaque.kernelPointers.count === 0) return;
      const { count, offsets } = opaque.kernelPointers;
      yield {
        message: `${count} word${count === 1 ? '' : 's'} look${count === 1 ? 's' : ''} like a kernel address`,
        at: offsets.map((offset) => locate(offset)),
      };
    },
  }),
});

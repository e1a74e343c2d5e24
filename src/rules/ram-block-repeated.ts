import { changed, sound } from './container-examples.ts';
import { place } from '../container/location.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'ram-block-repeated',
  title: 'A block of RAM is listed twice',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-694',
  applies: { to: 'container', events: ['ram-block'] },
  rationale: `
A source lists each of its blocks once, at the start. QEMU looks the name up again for a second entry, takes
its length and where its pages are mapped, so what was checked of the first does not hold.`,
  advice: 'Refuse a block whose name was listed before.',
  sources: ['qemu migration/ram.c: parse_ramblocks(), parse_ramblock()'],
  examples: () => {
    const listing = (second: string): ReturnType<typeof changed> =>
      changed({
        ramStart: [
          {
            item: 'start',
            idstr: 'ram',
            body: [
              {
                ram: 'MEM_SIZE',
                blocks: [
                  { name: 'pc.ram', usedLength: 8192n },
                  { name: second, usedLength: 8192n },
                ],
              },
              { ram: 'EOS' },
            ],
          },
        ],
      });
    return { good: [sound, listing('pc.bios')], bad: [listing('pc.ram')] };
  },
  watch: () => {
    const seen = new Map<string, number>();
    return {
      kinds: ['ram-block'],
      *event(event) {
        if (event.kind !== 'ram-block') return;
        const { name, offset, length } = event;
        const before = seen.get(name);
        seen.set(name, before ?? offset);
        if (before === undefined) return;
        yield {
          message: `${JSON.stringify(name)} is listed twice`,
          at: [place('ram', offset, length), place('ram', before, 0, 'listed here before')],
        };
      },
    };
  },
});

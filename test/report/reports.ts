import { memorySource } from '../../src/bytes/source.ts';
import { rules } from '../../src/check/catalogue.ts';
import { check, type CheckedInput } from '../../src/check/check.ts';
import { baselineOf, compared } from '../../src/report/baseline.ts';
import { dumpOf } from '../../src/report/dump.ts';
import type { UnreadInput } from '../../src/report/json.ts';
import { pictureOf } from '../../src/report/picture.ts';
import type { Drawn, Report } from '../../src/report/report.ts';
import type { SarifDump } from '../../src/report/sarif.ts';
import { windowsOf } from '../../src/report/windows.ts';

export { baselineOf, compared };

/** What a hostile input, file name or section name may hold. */
export const hostile =
  '</script><script>alert(1)</script>"\'&javascript:x\u202e\u001b[31m]]>\r\n::error::x|*[a](b)@x';

/** Checks bytes by name, as one run of the command would, with everything that reports draw. */
export const reportOf = async (
  states: Readonly<Record<string, Uint8Array>>,
  unread: readonly UnreadInput[] = [],
): Promise<Report> => {
  const inputs: (CheckedInput | UnreadInput)[] = [];
  const pictures = new Map<string, Drawn>();
  for (const [path, bytes] of Object.entries(states)) {
    const artist = pictureOf(2_000);
    const input = await check(memorySource(path, bytes), { observer: artist.observer });
    inputs.push(input);
    const windows = windowsOf(input, (offset, length) => bytes.subarray(offset, offset + length));
    pictures.set(path, { ...artist.result(), sha256: '0'.repeat(64), windows });
  }
  return {
    tool: { name: 'vstate-check', version: '0.0.0' },
    expect: {},
    inputs: [...inputs, ...unread],
    rules,
    threshold: 'high',
    pictures,
    gone: [],
  };
};

export const dumpsOf = ({ pictures, inputs }: Report): ReadonlyMap<string, SarifDump> =>
  new Map(
    [...pictures].map(([path, picture], index) => [
      path,
      {
        path: `out.sarif.dumps/${index}.txt`,
        dump: dumpOf(
          path,
          picture,
          inputs.flatMap((one) => ('error' in one || one.path !== path ? [] : one.findings)),
        ),
      },
    ]),
  );

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import { validateXML } from 'xmllint-wasm';
import { describe, it } from 'vitest';
import { writeQemu, type QemuItem } from '../../src/container/qemu/write.ts';
import { githubAnnotations, gitlabDocument } from '../../src/report/annotations.ts';
import { readBaseline } from '../../src/report/baseline.ts';
import { htmlDocument } from '../../src/report/html/document.ts';
import { jsonText } from '../../src/report/json-text.ts';
import { junitDocument } from '../../src/report/junit.ts';
import { markdownDocument } from '../../src/report/markdown.ts';
import { isUnread, type Report } from '../../src/report/report.ts';
import { sarifDocument } from '../../src/report/sarif.ts';
import { changed } from '../../src/rules/container-examples.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';
import { baselineOf, compared, dumpsOf, hostile, reportOf } from './reports.ts';

const root = join(import.meta.dirname, '..', '..');
const sarifSchema = JSON.parse(
  readFileSync(
    join(root, 'node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'),
    'utf8',
  ),
) as Readonly<Record<string, unknown>>;
const xsd = readFileSync(join(import.meta.dirname, 'junit.xsd'), 'utf8');

/** A VFIO device that has no END section. */
const broken = changed({ end: [] });
const timer: QemuItem = { item: 'full', idstr: 'timer', body: [new Uint8Array(24)] };

const mixed = async (): Promise<Report> =>
  reportOf(
    {
      'good.bin': mttyState,
      'head.bin': patched(0x30, 0x2c),
      [`dir/${hostile}.bin`]: patched(0, 9),
      'random.bin': Uint8Array.of(1, 2, 3),
      'stream.mig': writeQemu(broken.draft),
    },
    [{ path: `gone ${hostile}`, error: 'no such file' }],
  );

interface Sarif {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly rules: readonly {
          readonly id: string;
          readonly properties: { readonly tags: readonly string[] };
        }[];
      };
    };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly baselineState?: string;
      readonly partialFingerprints: Readonly<Record<string, string>>;
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string };
          readonly region: { readonly startLine: number };
        };
      }[];
    }[];
  }[];
}

const sarifOf = (report: Report): Sarif =>
  JSON.parse(jsonText(sarifDocument(report, dumpsOf(report)))) as Sarif;

describe('SARIF', () => {
  // The schema is of draft 4, of which it uses nothing that draft 7 reads otherwise but its name.
  const { id: _id, $schema: _draft, ...own } = sarifSchema;
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(
    own,
  );

  it('keeps to its published schema', async () => {
    const document = sarifOf(await mixed());
    assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 3)));
    assert.ok(!validate({ version: '2.1.0' }), 'the schema refuses what is none');
  });

  it('points at the line of the dump on which the field stands', async () => {
    const report = await mixed();
    const dumps = dumpsOf(report);
    const [run] = sarifOf(report).runs;
    const found = run!.results.find(({ ruleId }) => ruleId === 'index-out-of-bounds')!;
    const { artifactLocation, region } = found.locations[0]!.physicalLocation;
    const { dump } = [...dumps.values()].find(({ path }) => path === artifactLocation.uri)!;
    assert.match(dump.text.split('\n')[region.startLine - 1]!, /0x30 +head +44 +2c/u);
    assert.equal(run!.tool.driver.rules[found.ruleIndex]!.id, 'index-out-of-bounds');
  });

  it('points at the field where the dump has no room for all of them', async () => {
    const report = await reportOf({ 'head.bin': patched(0x30, 0x2c) });
    const [drawn] = report.pictures.values();
    const short = { ...drawn!, lines: drawn!.lines.slice(0, 8), omitted: drawn!.lines.length - 8 };
    const cut = { ...report, pictures: new Map([['head.bin', short]]) };
    const [dump] = dumpsOf(cut).values();
    const found = sarifOf(cut).runs[0]!.results.find(
      ({ ruleId }) => ruleId === 'index-out-of-bounds',
    )!;
    const { startLine } = found.locations[0]!.physicalLocation.region;
    const line = dump!.dump.text.split('\n')[startLine - 1]!;
    assert.match(line, /^ +0x30 +port\[0\]\.head +44 +2c/u);
  });

  it('has URIs that nothing in a path can break out of', async () => {
    for (const { locations } of sarifOf(await mixed()).runs[0]!.results) {
      const { uri } = locations[0]!.physicalLocation.artifactLocation;
      assert.match(uri, /^[\w.~!*'()/%-]+$/u);
    }
  });

  it('keeps fingerprints when a section is put in', async () => {
    const [head, configuration, ...others] = broken.draft;
    const longer = [head!, configuration!, timer, ...others];
    const [before, after] = await Promise.all(
      [broken.draft, longer].map(async (draft) =>
        sarifOf(await reportOf({ 'a.mig': writeQemu(draft) })).runs[0]!.results.map(
          ({ partialFingerprints }) => partialFingerprints['vstate/v1'],
        ),
      ),
    );
    assert.ok(before!.length > 0);
    for (const name of before!) assert.ok(after!.includes(name));
  });

  it('keeps to the limits of GitHub with 30,000 findings, the worst first, and says that it cut', async () => {
    const report = await reportOf({ 'head.bin': patched(0x30, 0x2c) });
    const [input] = report.inputs;
    assert.ok(input !== undefined && !isUnread(input));
    const low = { ...input.findings[0]!, severity: 'low' as const };
    const lesser = Array.from({ length: 30_000 }, (_, index) => ({
      ...low,
      message: `${low.message} (${index}: ${createHash('sha256').update(`${index}`).digest('hex')})`,
    }));
    const findings = [...lesser, input.findings[0]!];
    const text = jsonText(sarifOf({ ...report, inputs: [{ ...input, findings }] }));
    // GitHub: at most 20 runs, 25,000 results of which 5,000 are shown, 20 tags a rule, 10 MB in gzip.
    const { runs } = JSON.parse(text) as Sarif;
    assert.equal(runs.length, 1);
    const { results, tool } = runs[0]!;
    assert.equal(results.length, 5_000);
    assert.equal(results[0]!.level, 'error');
    assert.equal(results[1]!.level, 'note');
    assert.match(text, /25001 findings are left out/u);
    for (const { id, properties } of tool.driver.rules) {
      assert.ok(properties.tags.length <= 20, id);
    }
    assert.ok(gzipSync(text).length < 10e6);
  });
});

describe('JUnit', () => {
  it('keeps to the schema, has a case for every rule, and fails those that count', async () => {
    const xml = junitDocument(await mixed());
    const result = await validateXML({
      xml: { fileName: 'report.xml', contents: xml },
      schema: { fileName: 'junit.xsd', contents: xsd },
    });
    assert.deepEqual(result.errors, []);
    assert.ok(result.valid);
    assert.match(
      xml,
      /<testcase name="index-out-of-bounds" classname="head\.bin" time="0">\s*<failure/u,
    );
    assert.match(xml, /<testcase name="magic-mismatch" classname="good\.bin" time="0"\/>/u);
  });
});

describe('every output', () => {
  const markup = new Set(['html', 'markdown', 'junit']);

  const outputs: Readonly<Record<string, (report: Report) => string>> = {
    sarif: (report) => jsonText(sarifDocument(report, dumpsOf(report)), 2),
    junit: junitDocument,
    markdown: markdownDocument,
    github: githubAnnotations,
    gitlab: gitlabDocument,
    html: htmlDocument,
    dumps: (report) => [...dumpsOf(report).values()].map(({ dump }) => dump.text).join(''),
  };

  it.each(Object.entries(outputs))('is the same bytes for the same input: %s', async (_, write) => {
    assert.equal(write(await mixed()), write(await mixed()));
  });

  it.each(Object.entries(outputs))(
    'lets nothing of an input be more than text: %s',
    async (name, write) => {
      const text = write(await mixed());
      assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f\u202e]/u);
      // JSON and text files are not read for markup.
      if (markup.has(name)) assert.doesNotMatch(text, /<script>alert/u);
    },
  );
});

describe('GitHub annotations', () => {
  it('are one command a line, whatever a file is called', async () => {
    const lines = githubAnnotations(await mixed())
      .trimEnd()
      .split('\n');
    assert.ok(lines.length > 3);
    for (const line of lines) assert.match(line, /^::(?:error|warning|notice) [^:]*::/u);
    assert.ok(!lines.some((line) => line.startsWith('::error::x')));
  });
});

describe('Markdown', () => {
  it('keeps every row of its tables in one piece', async () => {
    const rows = markdownDocument(await mixed())
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const cells = rows.map((row) => row.replaceAll('\\|', '').split('|').length);
    assert.deepEqual(
      [...new Set(cells)].sort((a, b) => a - b),
      [6, 7],
    );
  });
});

describe('GitLab code quality', () => {
  it('gives each finding a name of its own', async () => {
    const issues = JSON.parse(gitlabDocument(await mixed())) as readonly {
      readonly fingerprint: string;
      readonly location: { readonly path: string };
    }[];
    const names = issues.map(({ fingerprint, location: { path } }) => `${path} ${fingerprint}`);
    assert.equal(new Set(names).size, names.length);
  });
});

describe('a baseline', () => {
  it('tells new, known and gone apart', async () => {
    const old = await reportOf({ 'a.bin': patched(0x30, 0x2c) });
    const baseline = readBaseline(Buffer.from(jsonText(baselineOf(old.inputs))));
    const now = await reportOf({ 'a.bin': patched(0x31, 0x2c) });
    const [input] = now.inputs;
    assert.ok(input !== undefined && !isUnread(input));
    const { input: told, gone } = compared(input, baseline);
    const state = Object.fromEntries(
      told.findings.map(({ at, rule, excused }) => [`${rule} ${at[0]!.path}`, excused?.kind]),
    );
    assert.equal(state['index-out-of-bounds port[0].tail'], undefined);
    assert.deepEqual(
      gone.map(({ rule }) => rule),
      ['index-out-of-bounds'],
    );
    const [same] = old.inputs;
    assert.ok(same !== undefined && !isUnread(same));
    const again = compared(same, baseline);
    assert.ok(again.input.findings.length > 0);
    assert.ok(again.input.findings.every(({ excused }) => excused?.kind === 'known'));
    assert.deepEqual(again.gone, []);
  });

  it.each(['', '{', '[]', '{"version":2,"findings":[]}', '{"version":1,"findings":[{}]}'])(
    'is refused in one line when it is none: %s',
    (text) => {
      assert.throws(() => readBaseline(Buffer.from(text)), { message: /^[^\n]+$/u });
    },
  );
});

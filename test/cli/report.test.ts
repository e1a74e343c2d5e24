import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  browserProgram,
  cutOnPaper,
  launched,
  overflowing,
  seriousIssues,
} from '../report/browser.ts';
import { hostile } from '../report/reports.ts';
import { run } from './run.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-audit-'));
  const target = 'module:native/example_serial.mjs';
  const flags = ['--format', 'mtty', '--executions', '600', '--out', at('campaign')];
  assert.equal(run(['fuzz', '--target', target, ...flags]).status, 1);
  writeFileSync(at('check.json'), run(['corpus/mtty/head-past-fifo.bin', '--json']).stdout);
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('report', () => {
  it('merges a check and a campaign into one audit, in every form', () => {
    const ran = run([
      'report',
      at('check.json'),
      at('campaign'),
      ...['html', 'markdown', 'json'].flatMap((kind) => ['--output', `${kind}=${at(kind)}`]),
    ]);
    assert.equal(ran.status, 0, ran.stderr);
    const audit = JSON.parse(readFileSync(at('json'), 'utf8')) as {
      readonly parts: readonly { readonly kind: string; readonly findings?: readonly unknown[] }[];
    };
    assert.deepEqual(
      audit.parts.map(({ kind }) => kind),
      ['check', 'campaign'],
    );
    assert.ok((audit.parts[1]?.findings?.length ?? 0) > 0);
    const page = readFileSync(at('html'), 'utf8');
    for (const text of [
      ' · audit',
      'index-out-of-bounds',
      'What was not checked',
      '<polyline',
      'data-copy',
    ]) {
      assert.ok(page.includes(text), text);
    }
    assert.match(readFileSync(at('markdown'), 'utf8'), /`index-out-of-bounds`/u);
  });

  it('draws what of the grammar was tried, square by square, and nothing twice', () => {
    const map = JSON.parse(readFileSync(join(at('campaign'), 'grammar.json'), 'utf8')) as {
      readonly rows: readonly { readonly cells: readonly ([number, number] | null)[] }[];
    };
    const squares = map.rows.flatMap(({ cells }) => cells.filter((cell) => cell !== null));
    const sum = (which: 0 | 1): number => squares.reduce((all, cell) => all + cell[which], 0);
    const stats = readFileSync(join(at('campaign'), 'fuzzer_stats'), 'utf8');
    const told = (name: string): number =>
      Number(new RegExp(`^${name} *: (\\d+)$`, 'mu').exec(stats)?.[1]);
    // The seeds as they are lie in no square.
    const bare = told('systematic_total') - sum(1);
    assert.ok(bare > 0 && bare < 64, `${bare} plans in no square`);
    assert.equal(told('systematic_done') - sum(0), bare);
    assert.ok(squares.every(([done, total]) => done >= 0 && done <= total && total > 0));
    const page = run(['report', at('campaign')]).stdout;
    assert.match(page, /<table class="heat">[^]*cut-at-boundary[^]*port\[\]\.head/u);
  });

  it('takes the answers of compat', () => {
    const pair = ['corpus/mtty/one-port.bin', 'corpus/mtty/two-ports.bin'];
    writeFileSync(at('compat.json'), run(['compat', ...pair, '--json']).stdout);
    const { stdout } = run(['report', at('compat.json'), '--output', 'markdown']);
    assert.match(stdout, /one-port\.bin → corpus\/mtty\/two-ports\.bin: incompatible/u);
  });

  it('is the same bytes twice', () => {
    const page = (): string => run(['report', at('check.json'), at('campaign')]).stdout;
    assert.equal(page(), page());
  });

  it('shows what documents of strangers hold as text', () => {
    const finding = {
      rule: hostile,
      severity: hostile,
      message: hostile,
      path: hostile,
      offset: 1,
    };
    const document = {
      tool: { name: hostile, version: hostile },
      inputs: [
        { path: hostile, container: hostile, bytes: -1, devices: [{}], findings: [finding] },
      ],
    };
    writeFileSync(at('hostile.json'), JSON.stringify(document));
    const page = run(['report', at('hostile.json'), '--title', hostile]).stdout;
    assert.doesNotMatch(page, /<script>alert/u);
    assert.doesNotMatch(page, /[\u0000-\u0008\u000b-\u001f\u202e]/u);
  });

  it.each([
    ['{}', 2],
    ['not json', 2],
  ])('refuses what is no part of an audit: %s', (text, status) => {
    writeFileSync(at('other.json'), text);
    const ran = run(['report', at('other.json')]);
    assert.equal(ran.status, status);
    assert.match(ran.stderr, /^vstate-check: [^\n]*nothing that an audit is made of[^\n]*\n$/u);
  });

  it('says which part is missing', () => {
    assert.equal(run(['report', at('gone.json')]).status, 3);
  });
});

describe.skipIf(browserProgram === undefined)('the page of an audit', { timeout: 120_000 }, () => {
  it('fits a narrow window, has no serious issue, and prints whole', async () => {
    const long = 'a/rather/long/path/'.repeat(8);
    const finding = { rule: long, severity: 'high', message: long, path: long, offset: 1 };
    const input = { path: long, container: 'device-state', bytes: 60, findings: [finding] };
    const document = { tool: { name: 'x', version: '1' }, inputs: [input] };
    writeFileSync(at('long.json'), JSON.stringify(document));
    writeFileSync(at('all.html'), run(['report', at('long.json'), at('campaign')]).stdout);
    const browser = await launched();
    try {
      const page = await browser.newPage({ viewport: { width: 400, height: 800 } });
      await page.goto(pathToFileURL(at('all.html')).href);
      for (const summary of await page.locator('summary').all()) await summary.click();
      assert.deepEqual(await overflowing(page), []);
      assert.deepEqual(await seriousIssues(page), []);
      await page.setViewportSize({ width: 700, height: 800 });
      assert.deepEqual(await cutOnPaper(page), []);
    } finally {
      await browser.close();
    }
  });
});

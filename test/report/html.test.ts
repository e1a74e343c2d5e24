import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { writeQemu, type QemuItem } from '../../src/container/qemu/write.ts';
import { htmlDocument } from '../../src/report/html/document.ts';
import { changed } from '../../src/rules/container-examples.ts';
import { patched } from '../../src/rules/examples.ts';
import { hostile, reportOf } from './reports.ts';

/** Where `scripts/bring.sh browser` puts it. */
const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
if (program === undefined && process.env.CI !== undefined) {
  throw new Error('there is no Chromium on this machine: scripts/bring.sh browser');
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Issue {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe.skipIf(program === undefined)('the HTML report in a browser', { timeout: 120_000 }, () => {
  let folder = '';
  let browser: Browser;
  const said: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-html-'));
    browser = await chromium.launch({
      executablePath: program!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens a report; what the page logs, throws or asks of a network ends up in `said`. */
  const opened = async (text: string, scheme: 'light' | 'dark' = 'light'): Promise<Page> => {
    const file = join(folder, 'report.html');
    writeFileSync(file, text);
    const page = await browser.newPage({ colorScheme: scheme });
    said.length = 0;
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    page.on('dialog', (dialog) => {
      said.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href) said.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return page;
  };

  const timer: QemuItem = { item: 'full', idstr: hostile, body: [new Uint8Array(24)] };
  const hostileReport = async (): Promise<string> =>
    htmlDocument(
      await reportOf({
        [`a ${hostile}`]: patched(0x30, 0x2c),
        'stream.mig': writeQemu(changed({ end: [], timer: [timer] }).draft),
      }),
    );

  it('shows hostile names as text, asks no network, and logs nothing', async () => {
    const page = await opened(await hostileReport());
    const heading = await page.locator('h2[id=input-0]').textContent();
    assert.ok(heading?.includes('</script><script>alert(1)</script>'));
    assert.ok(heading?.includes('\\u{202e}'));
    assert.deepEqual(said, []);
    await page.close();
  });

  it.each(['light', 'dark'] as const)(
    'has no serious issue for a screen reader: %s',
    async (scheme) => {
      const page = await opened(await hostileReport(), scheme);
      for (const summary of await page.locator('summary').all()) await summary.click();
      // The page's own policy lets no other script in; the debugger may.
      const issues = await page.evaluate<readonly Issue[]>(
        `${axe}; axe.run().then(({ violations }) => violations)`,
      );
      const serious = issues.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(
        serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`),
        [],
      );
      await page.close();
    },
  );

  it('can be walked by keyboard: map, fields and bytes', async () => {
    const page = await opened(await hostileReport());
    const map = page.locator('#map-1');
    await map.focus();
    const whole = await map.getAttribute('viewBox');
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowRight');
    assert.notEqual(await map.getAttribute('viewBox'), whole);
    await page.keyboard.press('0');
    assert.equal(await map.getAttribute('viewBox'), whole);
    await page.locator('tr[data-offset]', { hasText: 'head' }).first().focus();
    assert.equal(await page.locator('.hex .here').first().textContent(), '2c');
    await page.keyboard.press('Tab');
    assert.notEqual(await page.locator('.hex .here').first().textContent(), '2c');
    await page.locator('#theme').click();
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    assert.deepEqual(said, []);
    await page.close();
  });

  it('of 100,000 sections stays small', async () => {
    const sections: QemuItem[] = Array.from({ length: 100_000 }, (_, index) => ({
      item: 'full',
      idstr: `device${index % 500}`,
      instance: Math.floor(index / 500),
      body: [new Uint8Array(8)],
    }));
    const text = htmlDocument(
      await reportOf({ 'many.mig': writeQemu(changed({ timer: sections }).draft) }),
    );
    assert.ok(text.length < 10e6, `${text.length} characters`);
    const page = await opened(text);
    assert.ok((await page.locator('#map-0 rect').count()) <= 1_600);
    await page.close();
  });
});

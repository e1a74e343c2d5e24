import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { writeQemu, type QemuItem } from '../../src/container/qemu/write.ts';
import { htmlDocument } from '../../src/report/html/document.ts';
import { changed } from '../../src/rules/container-examples.ts';
import { patched } from '../../src/rules/examples.ts';
import { browserProgram, cutOnPaper, launched, overflowing, seriousIssues } from './browser.ts';
import { hostile, reportOf } from './reports.ts';

describe.skipIf(browserProgram === undefined)(
  'the HTML report in a browser',
  { timeout: 120_000 },
  () => {
    let folder = '';
    let browser: Browser;
    const said: string[] = [];

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'vstate-html-'));
      browser = await launched();
    }, 120_000);
    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    });

    /** Opens a report; what the page logs, throws or asks of a network ends up in `said`. */
    const opened = async (
      text: string,
      scheme: 'light' | 'dark' = 'light',
      width = 1280,
    ): Promise<Page> => {
      const file = join(folder, 'report.html');
      writeFileSync(file, text);
      const page = await browser.newPage({
        colorScheme: scheme,
        viewport: { width, height: 800 },
      });
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

    it.each([
      ['light', 1280],
      ['dark', 1280],
      ['dark', 400],
    ] as const)(
      'has no serious issue for a screen reader: %s, %i pixels',
      async (scheme, width) => {
        const page = await opened(await hostileReport(), scheme, width);
        for (const summary of await page.locator('summary').all()) await summary.click();
        assert.deepEqual(await seriousIssues(page), []);
        await page.close();
      },
    );

    it('fits a narrow window, and a page in a large type', async () => {
      const page = await opened(await hostileReport(), 'light', 400);
      for (const summary of await page.locator('summary').all()) await summary.click();
      assert.deepEqual(await overflowing(page), []);
      await page.setViewportSize({ width: 800, height: 800 });
      await page.evaluate(`document.documentElement.style.fontSize = '200%'`);
      assert.deepEqual(await overflowing(page), []);
      await page.close();
    });

    it('prints dark on white, with everything open and nothing cut', async () => {
      const report = await hostileReport();
      const page = await opened(report, 'dark', 700);
      assert.deepEqual(await cutOnPaper(page), []);
      const colour = await page.evaluate('getComputedStyle(document.body).color');
      assert.equal(colour, 'rgb(22, 24, 29)');
      const cards = page.locator('.finding');
      assert.ok((await cards.count()) > 1);
      for (const card of await cards.all()) assert.ok(await card.isVisible());
      await page.close();
    });

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
      await page.locator('#theme').click();
      assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
      assert.deepEqual(said, []);
      await page.close();
    });

    it('leads from a finding to its field, and from there on by the arrow keys', async () => {
      const page = await opened(await hostileReport());
      const here = page.locator('.hex .here').first();
      await page.locator('.finding a', { hasText: 'port[0].head' }).first().focus();
      await page.keyboard.press('Enter');
      assert.equal(await here.textContent(), '2c');
      await page.keyboard.press('ArrowDown');
      const name = 'document.activeElement.cells[1].textContent';
      assert.equal(await page.evaluate(name), 'tail');
      assert.notEqual(await here.textContent(), '2c');
      await page.keyboard.press('End');
      assert.equal(await page.evaluate(name), 'pad1');
      // All fields are one stop: the next one is the bytes.
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate('document.activeElement.className'), 'hex');
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
  },
);

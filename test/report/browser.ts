import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Where `scripts/bring.sh browser` puts it. */
export const browserProgram = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => existsSync(path));
if (browserProgram === undefined && process.env.CI !== undefined) {
  throw new Error('there is no Chromium on this machine: scripts/bring.sh browser');
}

export const launched = async (): Promise<Browser> =>
  chromium.launch({
    executablePath: browserProgram!,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
  });

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Issue {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core calls serious or critical. */
export const seriousIssues = async (page: Page): Promise<readonly string[]> => {
  // The page's own policy lets no other script in; the debugger may.
  const issues = await page.evaluate<readonly Issue[]>(
    `${axe}; axe.run().then(({ violations }) => violations)`,
  );
  return issues
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
};

/** What reaches past the right edge of the window, where no box of its own lets one scroll to it. */
export const overflowing = async (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`(() => {
    const edge = document.documentElement.clientWidth;
    const contained = (element) =>
      element !== null &&
      (element.tagName === 'svg' ||
        ['auto', 'scroll', 'hidden'].includes(getComputedStyle(element).overflowX) ||
        contained(element.parentElement));
    const wide = [...document.querySelectorAll('body *')].filter(
      (one) => one.getBoundingClientRect().right > edge + 1 && !contained(one.parentElement),
    );
    const page = document.documentElement.scrollWidth;
    return [
      ...(page > edge ? ['the page is ' + page + ' wide, the window ' + edge] : []),
      ...wide.slice(0, 5).map((one) => one.outerHTML.slice(0, 120)),
    ];
  })()`);

/** What paper would cut: boxes that scroll, and what has to be opened first. */
export const cutOnPaper = async (page: Page): Promise<readonly string[]> => {
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);
  return page.evaluate<readonly string[]>(`(() => {
    const shown = [...document.querySelectorAll('main *')].filter((one) => one.checkVisibility());
    const cut = shown.filter((one) => {
      if (one.tagName === 'DETAILS') return !one.open;
      const { overflowX, overflowY } = getComputedStyle(one);
      return (
        (overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1) ||
        (overflowY !== 'visible' && one.scrollHeight > one.clientHeight + 1)
      );
    });
    return cut.filter((one) => one.closest('svg') === null).map((one) => one.outerHTML.slice(0, 120));
  })()`);
};

/**
 * Makes the pictures of README.md, docs/pictures/*.png, from real runs of what `npm run build` built.
 * `terminal.ansi` beside them is the text that the picture of the terminal was drawn from; a test
 * compares it with a run, and asks for `node scripts/pictures.mjs` when they differ.
 * Needs Chromium: `scripts/bring.sh browser`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(root, 'docs', 'pictures');

/** What the picture of the terminal shows. */
const shown = ['corpus/mtty/head-past-fifo.bin', '--color', 'always'];

/** Runs the built program; it may find something, and must not fail otherwise. */
function run(args, cwd = root) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'cli.js'), ...args],
    {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    },
  );
  if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')} exits ${status}: ${stderr}`);
  return stdout;
}

/** Classes of the numbers in `ESC [ numbers m` that begin a style; others end theirs. */
const styles = new Map([
  [1, 'bold'],
  [2, 'dim'],
  [4, 'under'],
  [7, 'inverse'],
  [31, 'red'],
  [32, 'green'],
  [33, 'yellow'],
  [34, 'blue'],
  [35, 'magenta'],
  [36, 'cyan'],
  [90, 'grey'],
  [41, 'on-red'],
  [97, 'white'],
  [37, 'white'],
]);
const ends = new Map([
  [22, ['bold', 'dim']],
  [24, ['under']],
  [27, ['inverse']],
  [39, ['red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'grey', 'white']],
  [49, ['on-red']],
]);

/** Text with colours of a terminal as HTML. */
function drawn(text) {
  const on = new Set();
  return text
    .split(/(\u001b\[[\d;]*m)/u)
    .map((part) => {
      if (!part.startsWith('\u001b[')) {
        const plain = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
        return plain === '' ? '' : `<span class="${[...on].join(' ')}">${plain}</span>`;
      }
      for (const number of part.slice(2, -1).split(';').map(Number)) {
        const style = styles.get(number);
        if (style !== undefined) on.add(style);
        else if (number === 0) on.clear();
        else if (ends.has(number)) for (const ended of ends.get(number)) on.delete(ended);
        else throw new Error(`no style for ESC[${number}m`);
      }
      return '';
    })
    .join('');
}

const terminalPage = (text) => `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #16181d; }
pre { margin: 0; padding: 16px 20px; width: 80ch; font: 14px/1.35 'DejaVu Sans Mono', monospace; color: #d8dbe2; }
.bold { font-weight: 700 } .dim { opacity: .65 } .under { text-decoration: underline }
.inverse { background: #d8dbe2; color: #16181d }
.red { color: #ff7b72 } .green { color: #7ee787 } .yellow { color: #f2cc60 } .blue { color: #79c0ff }
.magenta { color: #d2a8ff } .cyan { color: #76e3ea } .grey { color: #9aa1ad } .white { color: #fff }
.on-red { background: #b62324 }
</style><pre>${drawn(text)}</pre>`;

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
if (program === undefined) throw new Error('there is no Chromium: scripts/bring.sh browser');

const work = mkdtempSync(join(tmpdir(), 'vstate-pictures-'));
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
try {
  mkdirSync(pictures, { recursive: true });

  // The last line counts the rules, and each new rule would make the picture another.
  const text = run(shown).replace(/^.*rules: \d+ passed.*\n/mu, '');
  writeFileSync(join(pictures, 'terminal.ansi'), text);
  writeFileSync(
    join(work, 'terminal.html'),
    terminalPage(`$ npx vstate-check ${shown[0]}\n${text.trimEnd()}`),
  );

  const report = join(work, 'report.html');
  run(['corpus/mtty/head-past-fifo.bin', 'corpus/qemu/pc-mtty1.bin', '--output', `html=${report}`]);

  const campaign = join(work, 'campaign');
  run([
    ...['fuzz', '--target', 'module:native/example_serial.mjs', '--format', 'mtty', '--seed', '1'],
    ...['--seeds', 'corpus/mtty/mtty1-fifo3-loop.bin', '--executions', '4000', '--out', campaign],
  ]);
  run(['report', 'campaign', '--output', 'html=campaign.html'], work);

  /** Takes a picture of a page of `work`: of one element, or of what stands below the top of one. */
  const take = async (file, name, { scheme = 'light', element, from, height = 900 } = {}) => {
    const page = await browser.newPage({
      viewport: { width: 1200, height },
      colorScheme: scheme,
    });
    await page.goto(pathToFileURL(join(work, file)).href);
    const path = join(pictures, name);
    if (from !== undefined) {
      await page
        .locator(from)
        .first()
        .evaluate((one) => one.scrollIntoView({ block: 'start' }));
    }
    if (element === undefined) await page.screenshot({ path });
    else await page.locator(element).first().screenshot({ path });
    await page.close();
    console.log(`${name}: ${readFileSync(path).length} bytes`);
  };
  await take('terminal.html', 'terminal.png', { element: 'pre' });
  for (const scheme of ['light', 'dark']) {
    await take('report.html', `report-${scheme}.png`, { scheme, from: '#input-0' });
    await take('campaign.html', `campaign-${scheme}.png`, { scheme, from: 'figure' });
  }
} finally {
  await browser.close();
  rmSync(work, { recursive: true });
}

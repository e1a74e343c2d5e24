import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { browserProgram, launched, overflowing, seriousIssues } from '../report/browser.ts';
import { hostile } from '../report/reports.ts';
import { run } from './run.ts';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'dist', 'cli.js');

/** A device whose messages are meant for whoever reads them. */
const rude = `
const text = ${JSON.stringify(hostile)};
export const open = () => ({
  begin: () => 0,
  write(bytes) {
    if (bytes.length > 48 && bytes[48] > 15) throw new Error(text);
    return bytes.length;
  },
  end: () => 0, run: () => 0, save: () => new Uint8Array(60), reset() {},
});
`;

let folder = '';
const at = (name: string): string => join(folder, name);
const started: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-dashboard-'));
  writeFileSync(at('rude.mjs'), rude);
  writeFileSync(at('token'), 'a-token-of-some-length\n');
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Served {
  readonly child: ChildProcess;
  readonly url: URL;
  readonly said: string;
}

/** Starts the program and waits until it has said where its dashboard is. */
const serving = async (args: readonly string[]): Promise<Served> => {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let said = '';
  for await (const block of child.stderr) {
    said += String(block);
    const url = /dashboard at (?<url>http:\S+?)[,\n]/u.exec(said)?.groups?.url;
    if (url !== undefined) return { child, url: new URL(url), said };
  }
  throw new Error(`no dashboard: ${said}`);
};

const campaign = (...more: readonly string[]): readonly string[] => [
  ...['fuzz', '--target', `module:${at('rude.mjs')}`, '--format', 'mtty', '--time', '1h'],
  ...['--serve', '127.0.0.1:0', '--out', at(`campaign-${Math.random()}`), ...more],
];

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const ask = async (
  url: URL,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (block) => (text += String(block)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });

/** Asks until an answer is as it will be sooner or later. */
const askUntil = async (url: URL, path: string, wanted: RegExp): Promise<Answered> => {
  for (;;) {
    const answered = await ask(url, path);
    if (wanted.test(answered.text)) return answered;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

describe('the dashboard of a campaign', { timeout: 120_000 }, () => {
  it('gives its page, numbers for Prometheus, and a status, and ends with the campaign', async () => {
    const { child, url } = await serving(campaign());
    const { text } = await askUntil(
      url,
      '/metrics',
      /executions_total [1-9][^]*severity="critical"\} [1-9]/u,
    );
    for (const line of text.trimEnd().split('\n')) {
      assert.match(line, /^(?:# (?:HELP|TYPE) \w+ .+|[a-z_]+(?:\{(?:\w+="[^"\n]*",?)+\})? \S+)$/u);
    }
    assert.match(text, /^# TYPE vstate_check_executions_total counter$/mu);
    assert.match(text, /^vstate_check_executions_total [1-9]\d*$/mu);
    const status = JSON.parse((await ask(url, '/status.json')).text) as {
      readonly running: boolean;
      readonly findings: readonly unknown[];
    };
    assert.ok(status.running && status.findings.length > 0);
    const page = await ask(url, '/');
    assert.equal(page.status, 200);
    assert.match(String(page.headers['content-security-policy']), /^default-src 'none'.*'self'/u);
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.doesNotMatch(page.text, /<script>alert/u);
    const head = await ask(url, '/', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.equal((await ask(url, '/nothing')).status, 404);
    child.kill('SIGINT');
    assert.equal((await once(child, 'exit'))[0], 130);
    await assert.rejects(ask(url, '/'));
  });

  it('refuses what would change something, and names that are not its own', async () => {
    const { url } = await serving(campaign());
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const refused = await ask(url, '/', { method });
      assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'], method);
    }
    for (const host of [
      'evil.example',
      'evil.example:80',
      '127.0.0.1.evil.example',
      '10.0.0.1',
      '[',
    ]) {
      assert.equal((await ask(url, '/', { headers: { host } })).status, 421, host);
    }
    for (const host of ['localhost:9', '127.0.0.1', '[::1]:1']) {
      assert.equal((await ask(url, '/', { headers: { host } })).status, 200, host);
    }
    const long = { cookie: 'x'.repeat(20_000) };
    assert.equal((await ask(url, '/', { headers: long })).status, 431);
    // What is no request at all ends its own connection only.
    const stranger = connect(Number(url.port), '127.0.0.1');
    stranger.end('\u0000\u0001 rubbish\r\n\r\n');
    stranger.resume();
    await once(stranger, 'close');
    assert.equal((await ask(url, '/status.json')).status, 200);
  });

  it('asks for the token wherever others could come', async () => {
    const file = await serving(campaign('--serve-token-file', at('token')));
    const basic = (password: string): string =>
      `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`;
    const cases: readonly (readonly [string | undefined, number])[] = [
      [undefined, 401],
      ['Bearer wrong', 401],
      ['Bearer a-token-of-some-length', 200],
      [basic('a-token-of-some-length'), 200],
      [basic('a-token-of-some-lengthy'), 401],
      ['Bearer ', 401],
    ];
    for (const [authorization, status] of cases) {
      const headers = authorization === undefined ? {} : { authorization };
      assert.equal((await ask(file.url, '/metrics', { headers })).status, status, authorization);
    }
    assert.equal((await ask(file.url, '/?token=a-token-of-some-length')).status, 401);
    assert.doesNotMatch(file.said, /a-token/u);
  });

  it('makes a token for an address that is not loopback, and says it once', async () => {
    const { url, said } = await serving(campaign('--serve', '0.0.0.0:0'));
    const token = /, token (?<token>\S{32})\n/u.exec(said)?.groups?.token ?? '';
    const near = new URL(`http://127.0.0.1:${url.port}/`);
    assert.equal((await ask(near, '/')).status, 401);
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await ask(near, '/', { headers })).status, 200);
    assert.equal(
      (await ask(near, '/', { headers: { ...headers, host: 'evil.example' } })).status,
      421,
    );
  });

  it('says in one line that it cannot listen, and leaves no campaign behind', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const tries = [
      [`127.0.0.1:${port}`, /in use already/u],
      ['8080', /no address and port/u],
      ['127.0.0.1:65536', /no address and port/u],
    ] as const;
    for (const [address, words] of tries) {
      const args = ['fuzz', '--target', `module:${at('rude.mjs')}`, '--format', 'mtty'];
      const ran = run([...args, '--out', at('never'), '--serve', address]);
      assert.equal(ran.status, 2, ran.stderr);
      assert.match(ran.stderr, words);
      assert.match(ran.stderr, /^vstate-check: [^\n]+\n$/u);
    }
    assert.ok(!existsSync(at('never')));
    taken.close();
  });
});

describe.skipIf(browserProgram === undefined)('its page in a browser', { timeout: 120_000 }, () => {
  it('follows a campaign, shows hostile text as text, and asks nobody else', async () => {
    const finished = at('finished');
    run([
      ...['fuzz', '--target', `module:${at('rude.mjs')}`, '--format', 'mtty'],
      ...['--executions', '100', '--out', finished],
    ]);
    const { url } = await serving(['report', finished, '--serve', '127.0.0.1:0']);
    const browser = await launched();
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        const said: string[] = [];
        const page = await browser.newPage({ colorScheme });
        page.on('console', (message) => said.push(message.text()));
        page.on('pageerror', (error) => said.push(error.message));
        page.on('dialog', (dialog) => void said.push(dialog.message()));
        page.on('request', (asked) => {
          if (!asked.url().startsWith(url.href)) said.push(asked.url());
        });
        await page.goto(url.href);
        const count = await page.locator('article.finding').count();
        assert.ok(count > 0);
        // What a campaign that goes on would do to the page, done to it: the piece comes back.
        await page.evaluate(`document.querySelector('article.finding').parentElement.remove()`);
        writeFileSync(join(finished, 'bugs.json'), '[]');
        await page
          .locator('article.finding')
          .nth(count - 1)
          .waitFor();
        assert.deepEqual(await seriousIssues(page), []);
        await page.setViewportSize({ width: 400, height: 800 });
        assert.deepEqual(await overflowing(page), []);
        assert.deepEqual(said, []);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});

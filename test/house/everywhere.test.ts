import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parse } from 'yaml';
import { run } from '../cli/run.ts';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'dist', 'cli.js');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vstate-everywhere-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the GitHub Action', () => {
  const action = parse(readFileSync(join(root, 'action/action.yml'), 'utf8')) as {
    readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
    readonly runs: {
      readonly steps: readonly {
        readonly env: Readonly<Record<string, string>>;
        readonly run: string;
      }[];
    };
  };

  const step = (given: Readonly<Record<string, string>>): ReturnType<typeof spawnSync> => {
    const [only] = action.runs.steps;
    const env = Object.fromEntries(
      Object.entries(only!.env).map(([name, expression]) => {
        const input = /inputs\.(?<name>[\w-]+)/u.exec(expression)?.groups?.name;
        const value = input === undefined ? `${process.execPath} ${cli}` : given[input];
        return [name, value ?? action.inputs[input ?? '']?.default ?? ''];
      }),
    );
    return spawnSync('bash', [join(root, 'action/check.sh')], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        GITHUB_ACTION_PATH: join(root, 'action'),
        GITHUB_OUTPUT: join(folder, 'output'),
        GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
        ...env,
      },
    });
  };

  it('annotates, summarises, and leaves SARIF and a page', () => {
    const bad = join(root, 'corpus/mtty/head-past-fifo.bin');
    const { status, stdout } = step({ inputs: `${bad}\n` });
    assert.equal(status, 1);
    assert.match(
      String(stdout),
      /^::error file=.*head-past-fifo\.bin,title=index-out-of-bounds::/mu,
    );
    assert.match(readFileSync(join(folder, 'summary.md'), 'utf8'), /index-out-of-bounds/u);
    assert.match(readFileSync(join(folder, 'vstate-check.sarif'), 'utf8'), /"version": "2\.1\.0"/u);
    assert.match(readFileSync(join(folder, 'vstate-check.html'), 'utf8'), /<!doctype html>/u);
    assert.match(readFileSync(join(folder, 'output'), 'utf8'), /^html=vstate-check\.html$/mu);
  });

  it('leaves to code scanning what counts, and neither what is known nor what is gone', () => {
    const bad = join(root, 'corpus/mtty/head-past-fifo.bin');
    const twoBad = [bad, join(root, 'corpus/mtty/count-17.bin')];
    const baseline = join(folder, 'known.json');
    run(['check', ...twoBad, '--write-baseline', baseline]);
    const sarif = 'known.sarif';
    const { status } = step({ inputs: `${bad}\n`, baseline, sarif });
    assert.equal(status, 0);
    const { runs } = JSON.parse(readFileSync(join(folder, sarif), 'utf8')) as {
      readonly runs: readonly { readonly results: readonly unknown[] }[];
    };
    assert.deepEqual(
      runs.map(({ results }) => results),
      [[]],
    );
  });

  it('runs nothing that stands in its inputs', () => {
    const { status } = step({
      inputs: '$(touch ran) `touch ran`; touch ran',
      expect: '$(touch ran)=1',
    });
    assert.notEqual(status, 0);
    assert.throws(() => readFileSync(join(folder, 'ran')));
  });

  it('says so when there is nothing to check', () => {
    assert.equal(step({ inputs: '' }).status, 2);
  });
});

describe('completions', () => {
  it('of bash offer commands, options and values', () => {
    const script = run(['completions', 'bash']).stdout;
    const offered = (words: readonly string[]): readonly string[] => {
      const line = words.map((word) => `'${word}'`).join(' ');
      const ask = `COMP_WORDS=(vstate-check ${line}); COMP_CWORD=${words.length}; _vstate_check; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${script}\n${ask}`], {
        encoding: 'utf8',
      });
      assert.equal(stderr, '');
      return stdout.trim().split('\n');
    };
    assert.deepEqual(offered(['formats', 'sh']), ['show']);
    assert.ok(offered(['--fail-on', '']).includes('critical'));
    assert.ok(offered(['--ex']).includes('--expect-like'));
  });

  it.each(['zsh', 'fish'])('of %s name every command', (shell) => {
    const { stdout, status } = run(['completions', shell]);
    assert.equal(status, 0);
    for (const name of ['inspect', 'formats', 'redact', 'seal'])
      assert.ok(stdout.includes(name), name);
  });
});

describe('the manual page', () => {
  it('has every option of every command that help shows', () => {
    const page = run(['man']).stdout.replaceAll('\\-', '-');
    for (const command of ['check', 'inspect', 'encode', 'policy show']) {
      const help = run([...command.split(' '), '--help']).stdout;
      const flags = [...help.matchAll(/^ {2}(?:-\w, )?(?<flag>--[\w-]+)/gmu)]
        .map(({ groups }) => groups?.flag ?? '')
        .filter((flag) => flag !== '--help');
      assert.ok(flags.length > 0, command);
      for (const flag of flags) assert.ok(page.includes(flag), `${command} ${flag}`);
    }
  });
});

describe('what is published', () => {
  it('has no mistake that publint knows of, and stays below 8 MB', async () => {
    const { publint } = await import('publint');
    const { messages } = await publint({ pkgDir: root, level: 'warning' });
    assert.deepEqual(
      messages.map(({ code }) => code),
      [],
    );
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
    });
    const [packed] = JSON.parse(stdout) as readonly {
      readonly unpackedSize: number;
      readonly size: number;
    }[];
    assert.ok(packed!.size < 8e6, `${packed!.size} bytes packed`);
    assert.ok(packed!.unpackedSize < 30e6, `${packed!.unpackedSize} bytes unpacked`);
  });
});

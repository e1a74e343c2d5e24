import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { rules } from '../../src/check/catalogue.ts';
import { threats } from '../../src/finding/finding.ts';
import { check } from '../../src/check/check.ts';
import type { CheckedInput } from '../../src/check/check.ts';
import { build } from '../../src/layout/build.ts';
import { Decoder } from '../../src/layout/decode.ts';
import { pathOf } from '../../src/layout/node.ts';
import { formatById, formats } from '../../src/formats/index.ts';
import { parsePolicy } from '../../src/policy/read-policy.ts';
import { Suppressor } from '../../src/policy/suppress.ts';
import { suppressionExpired, suppressionUnused } from '../../src/rules/index.ts';
import type { Example, Rule, Unit, Violation } from '../../src/rules/rule.ts';
import { writeLibvirt } from '../../src/container/libvirt-write.ts';
import { writeSession } from '../../src/container/session/write.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';

/** Ids of the rules that find something in an example. */
const found = async (rule: Rule, example: Example): Promise<readonly string[]> => {
  const expected = example.expect ?? {};
  if ('layout' in example) {
    const watcher = rule.watch({ expect: expected });
    const violations: Violation[] = [];
    const decoder = new Decoder(example.layout, {
      unit: (root) => {
        const unit: Unit = {
          root,
          format: 'example',
          device: '',
          locate: (field) => ({ path: pathOf(field), ranges: [], bytes: new Uint8Array(0) }),
        };
        violations.push(...(watcher.unit?.(unit) ?? []));
      },
    });
    decoder.push(build(example.layout, example.draft).bytes);
    decoder.end();
    return violations.length > 0 ? [rule.id] : [];
  }
  const { findings } = await checked(example);
  if ('policy' in example) {
    const known = { formats, rules: new Set(rules.map(({ id }) => id)) };
    const policy = parsePolicy(Buffer.from(example.policy), 'vstate-check.yaml', known);
    const suppressor = new Suppressor(policy, '2026-01-01');
    suppressor.apply('example', findings);
    const both = { expired: suppressionExpired, unused: suppressionUnused };
    return suppressor.findings(both).map((finding) => finding.rule);
  }
  return [...new Set(findings.map((finding) => finding.rule))];
};

const written = (
  example: Extract<Example, { container: 'qemu' | 'libvirt' | 'session'; draft: unknown }>,
): Uint8Array => {
  switch (example.container) {
    case 'qemu':
      return writeQemu(example.draft);
    case 'libvirt':
      return writeLibvirt(example.draft);
    case 'session':
      return writeSession(example.draft);
  }
};

const checked = async (example: Exclude<Example, { layout: unknown }>): Promise<CheckedInput> => {
  const options = { expect: example.expect ?? {} };
  if ('container' in example && 'draft' in example) {
    const container = example.container === 'libvirt' ? 'libvirt-save' : example.container;
    const channels = 'channels' in example ? (example.channels ?? []) : [];
    return check(memorySource('example', written(example)), {
      ...options,
      container,
      channels: channels.map((bytes, at) => memorySource(`channel ${at}`, bytes)),
    });
  }
  const format = example.format === undefined ? undefined : formatById(example.format);
  const bytes = 'bytes' in example ? example.bytes : build(format!.layout, example.draft).bytes;
  return check(memorySource('example', bytes), {
    ...options,
    trust: 'trust' in example ? example.trust : undefined,
    container: ('container' in example ? example.container : undefined) ?? 'device-state',
    format,
  });
};

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  it('says everything that its page needs', () => {
    expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/u);
    expect(rule.title).not.toMatch(/\.$/u);
    expect(rule.rationale.trim().length).toBeGreaterThan(80);
    expect(rule.advice).toMatch(/\.$/u);
    expect(rule.sources.length).toBeGreaterThan(0);
    expect(rule.cwe).toMatch(/^CWE-\d+$/u);
  });

  it.each(rule.examples().bad.map((example, index) => [index, example] as const))(
    'flags its bad example %i',
    async (_index, example) => {
      expect(await found(rule, example)).toContain(id);
    },
  );

  it.each(rule.examples().good.map((example, index) => [index, example] as const))(
    'is silent on its good example %i',
    async (_index, example) => {
      expect(await found(rule, example)).not.toContain(id);
    },
  );
});

describe('the catalogue', () => {
  it('has each id once', () => {
    const ids = rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows every rule on a bad and a good example', () => {
    const bare = rules
      // Time cannot be shown on bytes; test/check shows that rule at work.
      .filter(({ id }) => id !== 'time-limit-exceeded')
      .filter(({ examples }) => {
        const { good, bad } = examples();
        return good.length === 0 || bad.length === 0;
      })
      .map(({ id }) => id);
    expect(bare).toEqual([]);
  });

  it('answers every threat', () => {
    const answered = new Set(rules.flatMap(({ threats }) => threats));
    for (const threat of threats) {
      expect(answered).toContain(threat);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { memorySource } from '../../src/bytes/source.ts';
import { check } from '../../src/check/check.ts';
import { checkDocument } from '../../src/report/json.ts';
import { checkDocumentSchema } from '../../src/report/schema.ts';
import { mttyState, patched } from '../../src/rules/examples.ts';

const run = async (...states: readonly Uint8Array[]) => ({
  tool: { name: 'vstate-check', version: '0' },
  expect: {},
  inputs: await Promise.all(
    states.map(async (bytes, index) => check(memorySource(`${index}.bin`, bytes))),
  ),
});

describe('the JSON document', () => {
  it('keeps to its published schema, findings and all', async () => {
    const document = checkDocument(
      await run(mttyState, patched(0x30, 0x2c), Uint8Array.of(1, 2, 3), new Uint8Array(0)),
    );
    const parsed = checkDocumentSchema.parse(JSON.parse(JSON.stringify(document)));
    assert.equal(parsed.inputs.length, 4);
    assert.deepEqual(parsed.inputs[0]!.findings, []);
    assert.ok(parsed.inputs[1]!.findings.length > 0);
  });

  it('gives the stable core that scripts read', async () => {
    const { version, inputs } = checkDocument(await run(patched(0x30, 0x2c)));
    assert.equal(version, 1);
    const [input] = inputs;
    assert.equal(input!.container, 'device-state');
    assert.deepEqual(
      input!.devices.map(({ name, format, bytes }) => ({ name, format, bytes })),
      [{ name: '', format: 'mtty', bytes: 60 }],
    );
    const { rule, severity, threat, message, path, offset, length } = input!.findings[0]!;
    assert.deepEqual(
      { rule, severity, threat, message, path, offset, length },
      {
        rule: 'index-out-of-bounds',
        severity: 'critical',
        threat: 'guest',
        message: 'port[0].head is 44, but fifo has 16 elements',
        path: 'port[0].head',
        offset: 0x30,
        length: 1,
      },
    );
  });

  it('is the same bytes for the same input', async () => {
    const twice = [await run(patched(0, 9)), await run(patched(0, 9))].map((one) =>
      JSON.stringify(checkDocument(one)),
    );
    assert.equal(twice[0], twice[1]);
  });
});

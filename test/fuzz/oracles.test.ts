import assert from 'node:assert/strict';

import { describe, it } from 'vitest';

import { oracles } from '../../src/fuzz/oracles/index.ts';
import { runCampaign, temporary } from './run-campaign.ts';
import { serialTarget, type Bug } from './serial-device.ts';

/** Each bug, and the only oracle that can see it. */
const table: readonly (readonly [Bug, string])[] = [
  ['crashes on a divisor of 0xffff', 'restore-crashed'],
  ['hangs on a divisor of 0xffff', 'restore-hangs'],
  ['allocates for a divisor of 0xffff', 'restore-exhausts-memory'],
  ['writes without end on a divisor of 0xffff', 'restore-floods-log'],
  ['forgets that the header was refused', 'refused-but-loaded'],
  ['does not check head and tail', 'accepted-although-unsound'],
  ['loads what has come so far', 'accepted-although-incomplete'],
  ['refuses a state with an overrun', 'refused-although-sound'],
  ['applies before it checks', 'refused-but-changed'],
  ['keeps its position after a refused header', 'good-refused-after-refusal'],
  ['keeps a larger divisor', 'later-save-differs'],
  ['keeps old bytes of the fifo', 'canary-in-later-save'],
  ['counts in each save', 'save-restore-save-differs'],
  ['wants the header in one write', 'verdict-depends-on-cuts'],
  ['keeps the memory of a state that is too long', 'restore-leaks-memory'],
];

const executions = 3000;

describe('oracles', () => {
  it.each(table)('a device that %s is found by %s alone', async (bug, oracle) => {
    using folder = temporary();
    const ran = await runCampaign({ path: folder.path, target: serialTarget(bug), executions });
    assert.deepEqual(
      ran.oracles,
      [oracle],
      JSON.stringify(
        ran.reports.map(({ id, finding }) => [id, finding.message]),
        null,
        1,
      ),
    );
  });

  it('two readers of one format disagree where no rule has a word', async () => {
    using folder = temporary();
    const ran = await runCampaign({
      path: folder.path,
      target: serialTarget(),
      against: serialTarget('takes any modem control'),
      executions,
    });
    assert.deepEqual(ran.oracles, ['targets-disagree']);
  });

  it('a device that does everything right is let alone', async () => {
    using folder = temporary();
    const ran = await runCampaign({
      path: folder.path,
      target: serialTarget(),
      against: serialTarget(),
      executions: 2 * executions,
    });
    assert.deepEqual(
      ran.reports.map(({ finding }) => finding.message),
      [],
    );
  });

  it('has a test for every oracle', () => {
    // The state that depends on cuts has a file of its own, with a driver of the bench.
    const elsewhere = ['targets-disagree', 'state-depends-on-cuts'];
    const tested = [...table.map(([, oracle]) => oracle), ...elsewhere];
    assert.deepEqual(tested.sort(), oracles.map(({ id }) => id).sort());
  });
});

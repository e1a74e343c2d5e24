import assert from 'node:assert/strict';

import { describe, it } from 'vitest';

import { build } from '../../bench/bugs/build.mjs';
import { openTarget } from '../../src/targets/open.ts';
import { lacks } from '../targets/compile.ts';
import { options } from '../targets/options.ts';
import { runCampaign, temporary } from './run-campaign.ts';

/** What the sample driver of Linux does, and the sound driver of the bench does not. */
const VSTATE_BUG = 'mtty-header-forgotten,mtty-fifo-index,mtty-count-unchecked';

describe.skipIf(lacks('clang'))('a serial card that trusts what the sample driver trusts', () => {
  it('shows it to a campaign from genuine captures, each by one field or one change of the session', async () => {
    using folder = temporary();
    await using target = await openTarget(
      `harness:${build('mtty', 'harness')}`,
      options({ environment: { VSTATE_BUG } }),
    );
    const { reports } = await runCampaign({ path: folder.path, target, executions: 2000 });

    const index = reports.filter(({ rows }) =>
      rows.some(({ path }) => /^port\[\d\]\.(?:head|tail)$/u.test(path)),
    );
    assert.ok(index.some(({ rows }) => rows.length === 1));
    assert.ok(index.some(({ rule }) => rule?.id === 'index-out-of-bounds'));

    const header = reports.filter(({ oracle }) => oracle === 'refused-but-loaded');
    assert.ok(header.length > 0);
    for (const { rows, session } of header) {
      assert.equal(rows.length, 1);
      assert.match(session, /going on after a refusal/u);
    }

    const edits = reports.map(({ rows }) => rows.length).sort((a, b) => a - b);
    assert.ok((edits[edits.length >> 1] ?? 9) <= 1, edits.join(' '));
    assert.ok((edits[Math.floor(edits.length * 0.95)] ?? 9) <= 3, edits.join(' '));
  });
});

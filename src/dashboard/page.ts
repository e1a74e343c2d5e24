import { createHash } from 'node:crypto';
import type { CampaignPart } from '../report/audit/audit.ts';
import { campaignPieces } from '../report/audit/campaign-html.ts';
import { markup } from '../report/html/markup.ts';
import { pageOf, policyOf } from '../report/html/page.ts';
import type { Answer } from './server.ts';

const POLL_MS = 2_000;
const RUNNING = 'running';
const STILL = 'ended or standing still';

/**
 * Asks for `status.json`, and where that has changed replaces the pieces of the page that are not what
 * they were: a finding that somebody has opened stays open.
 */
const follow = `
(() => {
  const state = document.getElementById('state');
  const home = document.getElementById('pieces');
  let version = home.dataset.version;
  const take = (pieces) => {
    const names = new Set(pieces.map(({ name }) => name));
    for (const old of [...home.children]) if (!names.has(old.dataset.name)) old.remove();
    let before = null;
    for (const { name, digest, html } of pieces) {
      let piece = [...home.children].find((one) => one.dataset.name === name);
      if (piece === undefined) {
        piece = document.createElement('div');
        piece.dataset.name = name;
      }
      if (piece.dataset.digest !== digest) {
        piece.dataset.digest = digest;
        piece.innerHTML = html;
        for (const button of piece.querySelectorAll('button[data-copy]')) {
          button.hidden = false;
          button.addEventListener('click', () => {
            getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
          });
        }
      }
      const next = before === null ? home.firstChild : before.nextSibling;
      if (next !== piece) home.insertBefore(piece, next);
      before = piece;
    }
  };
  const ask = async () => {
    try {
      const status = await (await fetch('status.json')).json();
      if (status.version !== version) {
        const { pieces } = await (await fetch('pieces.json')).json();
        take(pieces);
        version = status.version;
      }
      const word = status.running ? '${RUNNING}' : '${STILL}';
      if (state.textContent !== word) state.textContent = word;
    } catch {
      state.textContent = 'the campaign does not answer';
    }
    setTimeout(ask, ${POLL_MS});
  };
  setTimeout(ask, ${POLL_MS});
})();
`;

interface Piece {
  readonly name: string;
  readonly digest: string;
  readonly html: string;
}

const piecesOf = (part: CampaignPart): readonly Piece[] =>
  campaignPieces(part, 0).map(({ name, content: { text } }) => ({
    name,
    digest: createHash('sha256').update(text).digest('hex').slice(0, 16),
    html: text,
  }));

/** The pieces of the page as they are now. */
export const piecesAnswer = (part: CampaignPart): Answer => ({
  type: 'application/json',
  body: JSON.stringify({ pieces: piecesOf(part) }),
});

/** The page of a running campaign: what the audit of its folder draws, kept up to date. */
export const pageAnswer = (
  part: CampaignPart,
  {
    version,
    running,
    tool,
  }: { readonly version: string; readonly running: boolean; readonly tool: string },
): Answer => ({
  type: 'text/html; charset=utf-8',
  policy: `${policyOf(follow)}; frame-ancestors 'none'`,
  body: pageOf(
    part.target,
    markup`${tool} · campaign, <span id="state" aria-live="polite">${running ? RUNNING : STILL}</span>`,
    markup`<h2>${part.target}</h2>
<div id="pieces" data-version="${version}">${campaignPieces(part, 0).map(
      ({ name, content }) => markup`<div data-name="${name}">${content}</div>`,
    )}</div>`,
    follow,
  ),
});

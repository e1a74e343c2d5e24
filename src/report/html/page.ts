import { createHash } from 'node:crypto';
import { markup, Markup } from './markup.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/**
 * The policy of a page: only its own style and script run, so that nothing in an input could, even if
 * it got into the page. A page that follows a campaign may ask its own server, and nobody else.
 */
export const policyOf = (follow?: string): string =>
  [
    "default-src 'none'",
    `style-src 'unsafe-inline'`,
    `script-src ${[script, ...(follow === undefined ? [] : [follow])].map(digestOf).join(' ')}`,
    ...(follow === undefined ? [] : ["connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

const digestOf = (code: string): string =>
  `'sha256-${createHash('sha256').update(code).digest('base64')}'`;

/**
 * One page that needs nothing but itself: no network, no other file.
 *
 * @param follow a second script, of a page that is served and keeps itself up to date
 */
export const pageOf = (title: string, about: Markup, body: Markup, follow?: string): string => {
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policyOf(follow))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>vstate-check: ${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header class="bar">
<h1>vstate-check</h1>
<span class="grow quiet">${about}</span>
<button type="button" id="theme" hidden aria-pressed="false">dark</button>
</header>
<main>
${body}
</main>
<script>${new Markup(script)}</script>${follow === undefined ? '' : markup`<script>${new Markup(follow)}</script>`}
</body>
</html>
`;
  return page.text;
};

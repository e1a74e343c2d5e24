import { createHash } from 'node:crypto';
import { markup, Markup } from './markup.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/**
 * One page that needs nothing but itself: no network, no other file. Its policy lets only its own
 * style and script run, so that nothing in an input could, even if it got into the page.
 */
export const pageOf = (title: string, about: Markup, body: Markup): string => {
  const policy = [
    "default-src 'none'",
    `style-src 'unsafe-inline'`,
    `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
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
<script>${new Markup(script)}</script>
</body>
</html>
`;
  return page.text;
};

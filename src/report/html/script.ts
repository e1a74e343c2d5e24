/**
 * What a report does beyond showing itself: zoom of the maps, the bytes of a chosen field, the colour
 * scheme. The page is whole without it. Plain text, so that its digest can stand in the page's policy.
 */
export const script = `'use strict';
(() => {
  const root = document.documentElement;
  const theme = document.getElementById('theme');
  theme.hidden = false;
  theme.setAttribute('aria-pressed', String(matchMedia('(prefers-color-scheme: dark)').matches));
  theme.addEventListener('click', () => {
    const dark = root.dataset.theme === 'dark' ||
      (root.dataset.theme === undefined && matchMedia('(prefers-color-scheme: dark)').matches);
    root.dataset.theme = dark ? 'light' : 'dark';
    theme.setAttribute('aria-pressed', String(!dark));
  });

  for (const figure of document.querySelectorAll('figure.stream')) {
    const map = figure.querySelector('svg');
    const tools = figure.querySelector('.map-tools');
    const state = figure.querySelector('.map-state');
    const whole = 1000;
    let from = 0;
    let width = whole;
    tools.hidden = false;
    const show = () => {
      width = Math.min(Math.max(width, whole / 65536), whole);
      from = Math.min(Math.max(from, 0), whole - width);
      map.setAttribute('viewBox', from + ' 0 ' + width + ' 60');
      const size = Number(map.dataset.size);
      const at = (x) => '0x' + Math.round((x / whole) * size).toString(16);
      state.textContent = width === whole ? 'the whole input' : at(from) + ' to ' + at(from + width);
    };
    const zoom = (factor, centre) => {
      const middle = centre === undefined ? from + width / 2 : centre;
      const next = Math.min(width * factor, whole);
      from = middle - ((middle - from) * next) / width;
      width = next;
      show();
    };
    const actions = {
      in: () => zoom(1 / 2), out: () => zoom(2),
      left: () => { from -= width / 4; show(); }, right: () => { from += width / 4; show(); },
      all: () => { from = 0; width = whole; show(); },
    };
    tools.addEventListener('click', (event) => {
      const action = actions[event.target.dataset.do];
      if (action !== undefined) action();
    });
    const keys = { '+': 'in', '=': 'in', '-': 'out', ArrowLeft: 'left', ArrowRight: 'right', '0': 'all', Escape: 'all' };
    map.addEventListener('keydown', (event) => {
      const action = actions[keys[event.key]];
      if (action === undefined) return;
      event.preventDefault();
      action();
    });
    map.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      const box = map.getBoundingClientRect();
      zoom(event.deltaY < 0 ? 1 / 1.5 : 1.5, from + ((event.clientX - box.left) / box.width) * width);
    }, { passive: false });
    show();
  }

  for (const input of document.querySelectorAll('.panes')) {
    const rows = [...input.querySelectorAll('.hex [data-at]')];
    let before = [];
    const choose = (field) => {
      for (const { row, nodes } of before) row.replaceChildren(...nodes);
      before = [];
      const start = Number(field.dataset.offset);
      const end = start + Math.min(Number(field.dataset.length), 4096);
      for (const row of rows) {
        const at = Number(row.dataset.at);
        if (at + 16 <= start || at >= end) continue;
        const text = row.textContent;
        const from = Math.max(start - at, 0) * 3;
        const to = Math.min(end - at, 16) * 3 - 1;
        if (from >= text.length) continue;
        before.push({ row, nodes: [...row.childNodes] });
        const here = document.createElement('span');
        here.className = 'here';
        here.textContent = text.slice(from, to);
        row.replaceChildren(text.slice(0, from), here, text.slice(to));
      }
      const pane = input.querySelector('.hex');
      const first = before[0];
      if (first !== undefined && pane !== null) {
        pane.scrollTop += first.row.getBoundingClientRect().top - pane.getBoundingClientRect().top - 40;
      }
    };
    input.addEventListener('focusin', (event) => {
      const row = event.target.closest('tr[data-offset]');
      if (row !== null) choose(row);
    });

    // One stop of the Tab key for all fields: the arrows go from one to the next.
    const pane = input.querySelector('.fields');
    const fields = [...pane.querySelectorAll('tr[data-offset]')];
    const bad = pane.querySelector('tr.bad');
    if (bad !== null) {
      const below = bad.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom;
      if (below > -10) pane.scrollTop += below + pane.clientHeight / 2;
    }
    const steps = {
      ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: () => fields.length - 1,
      PageDown: (at) => at + 20, PageUp: (at) => at - 20,
    };
    pane.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') pane.focus();
      const step = steps[event.key];
      if (step === undefined || fields.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const wanted = step(fields.indexOf(document.activeElement));
      fields[Math.min(Math.max(wanted, 0), fields.length - 1)].focus();
    });
  }

  // On paper nothing can be opened.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open]):not(.on-screen)')];
    for (const one of opened) one.open = true;
  });
  addEventListener('afterprint', () => {
    for (const one of opened) one.open = false;
  });

  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = 'copied';
      } catch {
        getSelection().selectAllChildren(source);
      }
    });
  }
})();
`;

/** How many fields a second the decoder makes of each format's own sample, in this process. */
import { pathToFileURL } from 'node:url';

import { rounded } from './measure.mjs';

/** @param {string} library path of the built library */
export async function fieldRates(library, milliseconds) {
  const { build, Decoder, formats, walk } = await import(pathToFileURL(library).href);
  const rates = [];
  for (const { id, layout, sample } of formats) {
    if (id === 'opaque') continue;
    const { bytes } = build(layout, sample);
    let fields = 0;
    const once = (unit) => {
      const decoder = new Decoder(layout, { unit });
      decoder.push(bytes);
      decoder.end();
    };
    once((root) => {
      for (const field of walk(root)) fields += field.children.length === 0 ? 1 : 0;
    });
    // Warm first: what is measured is a long run, not the compiler.
    repeat(() => once(() => undefined), milliseconds / 2);
    const { runs, seconds } = repeat(() => once(() => undefined), milliseconds);
    rates.push({
      format: id,
      fields,
      bytes: bytes.length,
      fieldsPerSecond: rounded((runs * fields) / seconds),
      bytesPerSecond: rounded((runs * bytes.length) / seconds),
    });
  }
  return rates;
}

function repeat(work, milliseconds) {
  const started = performance.now();
  let runs = 0;
  for (;;) {
    for (let index = 0; index < 100; index += 1) work();
    runs += 100;
    const elapsed = performance.now() - started;
    if (elapsed >= milliseconds) return { runs, seconds: elapsed / 1000 };
  }
}

/** Elements that say which device a state belongs to, and nothing of who runs it. */
const opening = /<hostdev[\s>]/gu;
const closing = '</hostdev>';
const COVER = 'x';

/**
 * A domain XML with its tags, its host devices and its length, and no other value: names, UUIDs,
 * paths and addresses are covered.
 */
export const redactedXml = (raw: Uint8Array): Uint8Array => {
  const text = Buffer.from(raw).toString('latin1');
  let out = '';
  let at = 0;
  for (const { index } of text.matchAll(opening)) {
    if (index < at) continue;
    const end = text.indexOf(closing, index);
    // Without an end it is no element, and neither is any behind it.
    if (end < 0) break;
    out += covered(text.slice(at, index)) + text.slice(index, end + closing.length);
    at = end + closing.length;
  }
  return Buffer.from(out + covered(text.slice(at)), 'latin1');
};

/** Attribute values inside of tags and text between them, as many characters as they were. */
const covered = (text: string): string => {
  let out = '';
  let quote = '';
  let tag = false;
  for (const character of text) {
    if (quote !== '') {
      if (character === quote) quote = '';
      out += quote === '' ? character : COVER;
    } else if (tag) {
      if (character === '"' || character === "'") quote = character;
      if (character === '>') tag = false;
      out += character;
    } else {
      if (character === '<') tag = true;
      out += tag || /[\s\0]/u.test(character) ? character : COVER;
    }
  }
  return out;
};

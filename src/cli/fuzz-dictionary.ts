const MOST_WORDS = 4096;
const MOST_BYTES = 256;

/** The words of a dictionary file of AFL++ or libFuzzer, in hex: `name="\x4e,."`, one a line. */
export const dictionaryFrom = (text: string): readonly string[] => {
  const words: string[] = [];
  for (const line of text.split('\n')) {
    const start = line.indexOf('"');
    const end = line.lastIndexOf('"');
    if (line.trimStart().startsWith('#') || start < 0 || end <= start) continue;
    const bytes = unescaped(line.slice(start + 1, end));
    if (bytes.length === 0 || bytes.length > MOST_BYTES) continue;
    words.push(Buffer.from(bytes).toString('hex'));
    if (words.length === MOST_WORDS) break;
  }
  return words;
};

const unescaped = (word: string): readonly number[] => {
  const bytes: number[] = [];
  for (let at = 0; at < word.length; at += 1) {
    const hex = /^\\x([0-9a-f]{2})/iu.exec(word.slice(at, at + 4));
    if (hex?.[1] !== undefined) {
      bytes.push(Number.parseInt(hex[1], 16));
      at += 3;
    } else {
      if (word[at] === '\\') at += 1;
      bytes.push(...Buffer.from(word[at] ?? ''));
    }
  }
  return bytes;
};

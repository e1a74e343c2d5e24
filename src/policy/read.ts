import { SmallFileError, smallText } from '../bytes/small-file.ts';
import type { Expectation } from '../rules/rule.ts';

const pair = /^(?<key>[^=,\s]+)=(?<value>[^,]*)$/u;

/** True when the text is `key=value,…` and not the name of a file. */
export const isInline = (text: string): boolean =>
  text.split(',').every((part) => pair.test(part.trim()));

/** `format=mtty,nr_ports=2`, or the path of a file that says it in YAML or JSON. */
export const readExpectation = async (text: string): Promise<Expectation> => {
  if (isInline(text)) {
    const flat: Record<string, string> = {};
    for (const part of text.split(',')) {
      const { key = '', value = '' } = pair.exec(part.trim())?.groups ?? {};
      flat[key === 'window' ? 'windows' : key] = value;
    }
    return flat;
  }
  // Loaded here because most checks need neither zod nor a YAML reader.
  const { ExpectationError, parseExpectationFile } = await import('./expectation.ts');
  const { mostBytes } = await import('../formatfile/document.ts');
  const hint = 'give key=value,… or a YAML file';
  try {
    return parseExpectationFile(smallText(text, mostBytes), text);
  } catch (error) {
    if (error instanceof ExpectationError) throw error;
    if (error instanceof SmallFileError) {
      throw new ExpectationError(`${text}: ${error.message}`, hint);
    }
    throw new ExpectationError(`cannot read the expectation ${text}`, hint);
  }
};

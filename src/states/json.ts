import { JsonError, parseJson } from '../bytes/json.ts';
import { DocumentError, documentLimits } from './document.ts';

/** Parses the JSON of a document; a small text cannot become large in memory. */
export const documentJson = (text: Uint8Array): unknown => {
  try {
    return parseJson(text, documentLimits);
  } catch (error) {
    if (error instanceof JsonError) throw new DocumentError(`the document ${error.message}`);
    throw error;
  }
};

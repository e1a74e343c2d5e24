import { JsonError, measuredJson, parseMeasured } from '../bytes/json.ts';
import { DocumentError, documentLimits, documentMark } from './document.ts';

/** Parses the JSON of a document; a small text cannot become large in memory. */
export const documentJson = (blocks: Iterable<Uint8Array>): unknown => {
  try {
    const text = measuredJson(blocks, documentLimits);
    // A text that cannot be a document is told before it is parsed.
    if (!Buffer.from(text.buffer, text.byteOffset, text.byteLength).includes(documentMark)) {
      throw new DocumentError(`this is not what decode writes: "${documentMark}" is missing`);
    }
    return parseMeasured(text);
  } catch (error) {
    if (error instanceof JsonError) throw new DocumentError(`the document ${error.message}`);
    throw error;
  }
};

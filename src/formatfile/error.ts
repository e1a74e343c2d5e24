/** A mistake in a format file: one line with file, line and key, and what to do about it. */
export class FormatFileError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The way to a value in a format file: keys, and numbers in lists. */
export type KeyPath = readonly (string | number)[];

/** A mistake at a key; whoever knows the file turns it into a `FormatFileError`. */
export class Mistake extends Error {
  readonly path: KeyPath;
  readonly hint: string;

  constructor(path: KeyPath, message: string, hint: string) {
    super(message);
    this.path = path;
    this.hint = hint;
  }
}

/** `layout.port.of[2]`, as a person would write it. */
export const keyText = (path: KeyPath): string => {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
};

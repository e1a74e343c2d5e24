/** A one-port mtty state with two characters waiting: what several rules are shown on. */
export const mttyState = Uint8Array.from(
  Buffer.from(
    '4e2c3e8c89099d7e010000000000000001000000000000000005000303000000' +
      '41420000000000000000000000000000020002000000010001100100',
    'hex',
  ),
);

/** The same state with some bytes overwritten. */
export const patched = (at: number, ...bytes: readonly number[]): Uint8Array => {
  const copy = mttyState.slice();
  copy.set(bytes, at);
  return copy;
};

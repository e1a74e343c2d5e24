/**
 * The example of `vstate-check fuzz --demo` where there is no C compiler: example_serial.c once more,
 * with the same mistakes.
 */
const HEADER = 24;
const STATE = 60;
const FIFO = 16;
const ENOMEM = -12;
const EFAULT = -14;
const EINVAL = -22;

const header = Buffer.from('4e2c3e8c89099d7e01000000000000000100000000000000', 'hex');

export const open = () => {
  let port = new Uint8Array(STATE - HEADER);
  port[33] = FIFO;
  const stream = new Uint8Array(STATE);
  let filled = 0;
  return {
    begin() {
      filled = 0;
      return 0;
    },
    write(bytes) {
      const before = filled;
      if (bytes.length > STATE - before) return ENOMEM;
      stream.set(bytes, before);
      filled += bytes.length;
      // Mistake: the error is answered once and remembered by nobody.
      const checked = before < HEADER && filled >= HEADER;
      return checked && !header.equals(stream.subarray(0, HEADER)) ? EFAULT : bytes.length;
    },
    end() {
      if (filled < STATE) return EINVAL;
      // Mistake: nothing of the port is looked at.
      port = stream.slice(HEADER);
      return 0;
    },
    /** The guest reads what its port has received. */
    run() {
      for (let taken = 0; port[26] > 0 && taken < FIFO; taken += 1) {
        // Mistake: the index is used before it is brought into the ring.
        const tail = port[25];
        if (tail >= FIFO) throw new RangeError(`byte ${tail} of a fifo of ${FIFO}`);
        port[0] = port[8 + tail];
        port[25] = (tail + 1) % FIFO;
        port[26] -= 1;
      }
      port[0] = 0;
      return 0;
    },
    save() {
      const saved = new Uint8Array(STATE);
      saved.set(header);
      saved.set(port, HEADER);
      return saved;
    },
    reset() {
      port = new Uint8Array(STATE - HEADER);
      port[33] = FIFO;
      filled = 0;
      return 0;
    },
  };
};

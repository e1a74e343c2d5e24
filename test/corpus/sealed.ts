import {
  encodeFrameHead,
  encodeHeader,
  frameMessage,
  headerMessage,
  LAST,
  sha256,
  type SealedHeader,
} from '../../src/container/sealed/format.ts';
import { writeQemu } from '../../src/container/qemu/write.ts';
import { stream } from '../../src/rules/container-examples.ts';
import { mttyState } from '../../src/rules/examples.ts';
import { exampleHeader, exampleNow, testSigner } from '../../src/rules/sealed-example.ts';
import { mlx5 } from '../../src/formats/mlx5.ts';
import { joined, noise, patched, written, type Streams } from './edit.ts';

/** One frame as it is to be written; what is left out is what a sealer writes. */
interface Frame {
  readonly index?: bigint;
  readonly flags?: number;
  readonly length?: number;
  readonly seal?: Uint8Array;
  readonly payload: Uint8Array;
  /** Changes the head or the payload behind the signers. */
  readonly behind?: (head: Uint8Array, payload: Uint8Array) => void;
  /** Changes the signatures, which stand one behind the other. */
  readonly signatures?: (signatures: Uint8Array) => void;
  /** The digest of the header under which it is signed. */
  readonly under?: Uint8Array;
}

interface Seal {
  readonly header?: Partial<Omit<SealedHeader, 'signers'>>;
  /** Changes the header before it is signed. */
  readonly before?: (header: Uint8Array) => Uint8Array;
  /** Changes the header behind the signers. */
  readonly behind?: (header: Uint8Array) => void;
  readonly signatures?: (signatures: Uint8Array) => void;
  readonly signers?: readonly string[];
  readonly state?: Uint8Array;
  readonly frames?: (frames: readonly Frame[]) => readonly Frame[];
}

/** A record of the mlx5 driver that fills 700 bytes: frames of 256, 256 and 188. */
const state = written(mlx5)([{ tag: 'FW_DATA', data: noise(684) }]);
const large = { identity: { ...exampleHeader().identity, type: 'mlx5', driver: 'mlx5_vfio_pci' } };

/** Writes a seal with one thing changed; everything is signed as it stands then. */
const seal = ({
  header = {},
  before = (bytes) => bytes,
  behind = () => undefined,
  signatures = () => undefined,
  signers: names = ['site'],
  state: sealed = mttyState,
  frames: change = (frames) => frames,
}: Seal = {}): Uint8Array => {
  const fields = exampleHeader(header);
  const signers = names.map(testSigner);
  const head = before(
    encodeHeader({ ...fields, signers: signers.map(({ publicKey }) => publicKey) }),
  );
  const digest = sha256(head);
  const headSignatures = joined(...signers.map(({ sign }) => sign(headerMessage(digest))));
  behind(head);
  signatures(headSignatures);
  const { frameSize } = fields;
  const count = Math.max(Math.ceil(sealed.length / frameSize), 1);
  const frames = change(
    Array.from({ length: count }, (_, index) => ({
      index: BigInt(index),
      flags: index === count - 1 ? LAST : 0,
      payload: sealed.slice(index * frameSize, (index + 1) * frameSize),
    })),
  );
  let signedBefore = headerMessage(digest);
  const pieces = frames.map((frame) => {
    const { index = 0n, flags = 0, payload, length = payload.length } = frame;
    const frameHead = encodeFrameHead({ seal: frame.seal ?? fields.seal, index, flags, length });
    const message = frameMessage(frame.under ?? digest, signedBefore, frameHead, sha256(payload));
    signedBefore = message;
    const signed = joined(...signers.map(({ sign }) => sign(message)));
    frame.behind?.(frameHead, payload);
    frame.signatures?.(signed);
    return joined(frameHead, payload, signed);
  });
  return joined(head, headSignatures, ...pieces);
};

/** The seal of three frames. */
const three = (change: Seal = {}): Uint8Array =>
  seal({ state, ...change, header: { ...large, ...change.header } });
const [good, goodThree] = [seal(), three()];
/** Other bytes under the same header: what a sealer makes whose random bytes come twice. */
const otherThree = three({ state: written(mlx5)([{ tag: 'FW_DATA', data: noise(684, 9) }]) });
const FRAME = 32 + 256 + 64;
/** Where the first frame of three begins. */
const FIRST = goodThree.length - 2 * FRAME - (32 + 188 + 64);
const frame = (index: number): Uint8Array =>
  goodThree.slice(
    FIRST + index * FRAME,
    index === 2 ? goodThree.length : FIRST + (index + 1) * FRAME,
  );
const ordered = (...order: readonly number[]): Uint8Array =>
  joined(goodThree.subarray(0, FIRST), ...order.map(frame));

/** Where the texts of the identity begin when one signer has signed. */
const TEXTS = 64 + 32;
const set =
  (at: number, ...values: readonly number[]) =>
  (bytes: Uint8Array): void => {
    bytes.set(values, at);
  };
const put =
  (at: number, ...values: readonly number[]) =>
  (bytes: Uint8Array): Uint8Array =>
    patched(bytes, at, ...values);
/** Replaces all texts of the identity, and puts the length of the header right. */
const texts =
  (...bytes: readonly number[]) =>
  (header: Uint8Array): Uint8Array => {
    const made = joined(header.subarray(0, TEXTS), Uint8Array.from(bytes));
    return patched(made, 12, made.length & 0xff, made.length >> 8);
  };
const text = (tag: number, words: string): readonly number[] => [
  tag,
  0,
  words.length & 0xff,
  words.length >> 8,
  ...new TextEncoder().encode(words),
];
const change =
  (at: number, edit: Partial<Frame>) =>
  (frames: readonly Frame[]): readonly Frame[] =>
    frames.map((one, index) => (index === at ? { ...one, ...edit } : one));
const flip =
  (at: number) =>
  (bytes: Uint8Array): void => {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  };
/** The same seal by another signer's hand. */
const other = testSigner('stranger');
const otherSeal = Uint8Array.from({ length: 16 }, () => 0x77);
const day = 86_400;

/** Sealed states, one wrong thing each; all keys in them are test keys that everybody can make. */
export const sealedStreams: Streams = {
  'sound-one-frame.bin': good,
  'sound-three-frames.bin': goodThree,
  'empty-state.bin': seal({
    state: new Uint8Array(0),
    header: { identity: { type: 'virtio', device: '0000:00:02.0', vm: 'vm-1' } },
  }),
  'sound-whole-frames-only.bin': three({
    state: written(mlx5)([{ tag: 'FW_DATA', data: noise(496) }]),
  }),
  'sound-with-the-header-of-another.bin': otherThree,
  'sound-two-signers.bin': seal({ signers: ['site', 'audit'], header: { threshold: 2 } }),
  'sound-unknown-cosigner.bin': seal({ signers: ['site', 'stranger'] }),
  'sound-without-end.bin': seal({ header: { expires: 0 } }),
  'sound-without-identity.bin': seal({ header: { identity: {} } }),
  'sound-same-seal-again.bin': good,
  'sound-qemu-stream.bin': seal({
    state: writeQemu(stream()),
    header: { identity: { type: 'qemu', vm: 'vm-1' } },
  }),
  'sound-key-for-this-device.bin': seal({
    signers: ['host-b'],
    header: { identity: { type: 'mtty', device: '0000:00:09.1' } },
  }),

  'magic-damaged.bin': patched(good, 3, 0x45 ^ 1),
  'magic-line-end-changed.bin': patched(good, 6, 0x0a),
  'header-length-63.bin': patched(good, 12, 63, 0),
  'header-length-past-largest.bin': patched(good, 12, 0x01, 0x00, 0x01),
  'header-length-behind-keys.bin': seal({
    before: (header) => patched(header.slice(0, TEXTS - 1), 12, TEXTS - 1, 0),
  }),
  'frame-size-0.bin': seal({ before: put(16, 0, 0, 0, 0) }),
  'frame-size-255.bin': seal({ before: put(16, 255, 0, 0, 0) }),
  'frame-size-past-largest.bin': seal({ before: put(16, 1, 0, 0, 1) }),
  'no-signer.bin': seal({ before: put(20, 0) }),
  'seventeen-signers.bin': seal({
    signers: Array.from({ length: 17 }, (_, index) => `many-${index}`),
  }),
  'threshold-0.bin': seal({ before: put(21, 0) }),
  'threshold-above-signers.bin': seal({ before: put(21, 2) }),
  'reserved-bytes-set.bin': seal({ before: put(23, 1) }),
  'created-past-2-53.bin': seal({ before: put(39, 0x80) }),
  'expires-past-2-53.bin': seal({ before: put(47, 0x80) }),
  'signer-twice.bin': seal({ signers: ['site', 'site'] }),
  'tag-unknown.bin': seal({ before: texts(...text(9, 'x')) }),
  'tag-0.bin': seal({ before: texts(...text(0, 'x')) }),
  'tag-twice.bin': seal({ before: texts(...text(2, 'a'), ...text(2, 'b')) }),
  'tags-descending.bin': seal({ before: texts(...text(4, 'vm-1'), ...text(2, 'a')) }),
  'text-empty.bin': seal({ before: texts(2, 0, 0, 0) }),
  'text-of-1025-bytes.bin': seal({ before: texts(...text(2, 'a'.repeat(1025))) }),
  'text-past-header.bin': seal({ before: texts(2, 0, 5, 0, 0x61, 0x61, 0x61, 0x61) }),
  'text-not-utf8.bin': seal({ before: texts(2, 0, 2, 0, 0xc0, 0x80) }),
  'text-with-escape.bin': seal({ before: texts(...text(2, 'a\u001b[2J')) }),
  'three-bytes-behind-texts.bin': seal({ before: texts(...text(2, 'a'), 3, 0, 1) }),

  'version-0.bin': seal({ before: put(8, 0, 0) }),
  'version-2.bin': seal({ before: put(8, 2, 0) }),
  'version-256.bin': seal({ before: put(8, 0, 1) }),
  'suite-0.bin': seal({ before: put(10, 0, 0) }),
  'suite-2.bin': seal({ before: put(10, 2, 0) }),

  'cut-in-fixed-part.bin': goodThree.slice(0, 40),
  'cut-in-identity.bin': goodThree.slice(0, 110),
  'cut-in-header-signature.bin': goodThree.slice(0, FIRST - 1),
  'cut-behind-header.bin': goodThree.slice(0, FIRST),
  'cut-in-frame-head.bin': goodThree.slice(0, FIRST + 31),
  'cut-behind-frame-head.bin': goodThree.slice(0, FIRST + 32),
  'cut-in-payload.bin': goodThree.slice(0, FIRST + FRAME + 100),
  'cut-behind-payload.bin': goodThree.slice(0, FIRST + 32 + 256),
  'cut-in-frame-signature.bin': goodThree.slice(0, FIRST + FRAME - 1),
  'cut-behind-first-frame.bin': goodThree.slice(0, FIRST + FRAME),
  'cut-before-last-frame.bin': goodThree.slice(0, FIRST + 2 * FRAME),
  'cut-before-last-byte.bin': goodThree.slice(0, -1),

  'device-renamed.bin': seal({ behind: set(TEXTS + 8 + 4, 0x39) }),
  'sequence-raised.bin': seal({ behind: set(24, 8) }),
  'expiry-put-off.bin': seal({ behind: set(44, 1) }),
  'threshold-lowered.bin': seal({
    signers: ['site', 'audit'],
    header: { threshold: 2 },
    behind: set(21, 1),
  }),
  'key-exchanged.bin': seal({ behind: set(64, ...other.publicKey) }),
  'header-signature-damaged.bin': seal({ signatures: flip(0) }),
  'header-signature-of-zeros.bin': seal({ signatures: (bytes) => bytes.fill(0) }),
  'header-signature-of-second-signer-damaged.bin': seal({
    signers: ['site', 'audit'],
    signatures: flip(64 + 40),
  }),
  'header-signatures-swapped.bin': seal({
    signers: ['site', 'audit'],
    signatures: (bytes) => {
      bytes.set(joined(bytes.slice(64), bytes.slice(0, 64)));
    },
  }),
  'signer-removed.bin': seal({
    signers: ['site', 'audit'],
    behind: set(20, 1),
  }),

  'payload-bit-flipped.bin': seal({
    frames: change(0, { behind: (_head, bytes) => flip(9)(bytes) }),
  }),
  'payload-of-last-frame-changed.bin': three({
    frames: change(2, { behind: (_head, bytes) => flip(187)(bytes) }),
  }),
  'frame-signature-damaged.bin': three({ frames: change(1, { signatures: flip(63) }) }),
  'frame-signature-of-second-signer-damaged.bin': three({
    signers: ['site', 'audit'],
    frames: change(1, { signatures: flip(64 + 1) }),
  }),
  'frame-signatures-swapped.bin': three({
    signers: ['site', 'audit'],
    frames: change(1, {
      signatures: (bytes) => {
        bytes.set(joined(bytes.slice(64), bytes.slice(0, 64)));
      },
    }),
  }),
  'last-flag-set-early.bin': three({ frames: change(0, { behind: set(24, LAST) }) }),
  'last-flag-taken-away.bin': three({
    state: written(mlx5)([{ tag: 'FW_DATA', data: noise(496) }]),
    frames: change(1, { behind: set(24, 0) }),
  }),
  'last-frame-shortened.bin': three({ frames: change(2, { behind: set(28, 187) }) }),
  'frame-under-another-header.bin': three({
    frames: change(1, { under: sha256(encodeHeader({ ...exampleHeader(), signers: [] })) }),
  }),
  'header-signature-as-frame-signature.bin': three({
    frames: change(0, {
      signatures: (bytes) => {
        bytes.set(goodThree.slice(FIRST - 64, FIRST));
      },
    }),
  }),

  'frames-swapped.bin': ordered(1, 0, 2),
  'first-frame-missing.bin': ordered(1, 2),
  'middle-frame-missing.bin': ordered(0, 2),
  'frame-repeated.bin': ordered(0, 1, 1, 2),
  'first-frame-again.bin': ordered(0, 1, 0, 2),
  'index-largest.bin': three({ frames: change(1, { index: 0xffff_ffff_ffff_ffffn }) }),

  'frame-of-another-seal.bin': three({ frames: change(1, { seal: otherSeal }) }),
  'frame-of-older-save.bin': joined(
    goodThree.subarray(0, FIRST),
    frame(0),
    three({ header: { sequence: 6n, seal: otherSeal } }).slice(FIRST + FRAME, FIRST + 2 * FRAME),
    frame(2),
  ),
  'frame-of-a-seal-with-the-same-header.bin': joined(
    goodThree.subarray(0, FIRST),
    frame(0),
    otherThree.slice(FIRST + FRAME),
  ),
  'first-frame-of-a-seal-with-the-same-header.bin': joined(
    otherThree.subarray(0, FIRST + FRAME),
    frame(1),
    frame(2),
  ),
  'seal-changed-behind-signers.bin': three({ frames: change(1, { behind: set(0, ...otherSeal) }) }),

  'flag-undefined.bin': three({ frames: change(1, { flags: 2 }) }),
  'flag-undefined-on-last.bin': three({ frames: change(2, { flags: LAST | 0x8000_0000 }) }),
  'middle-frame-short.bin': three({ frames: change(1, { payload: state.slice(256, 511) }) }),
  'middle-frame-empty.bin': three({ frames: change(1, { payload: new Uint8Array(0) }) }),
  'last-frame-long.bin': three({ frames: change(2, { payload: noise(257) }) }),
  'length-largest.bin': three({ frames: change(1, { length: 0xffff_ffff }) }),

  'one-byte-behind.bin': joined(good, Uint8Array.of(0)),
  'last-frame-twice.bin': ordered(0, 1, 2, 2),
  'second-seal-behind.bin': joined(good, good),

  'signer-unknown.bin': seal({ signers: ['stranger'] }),
  'second-signer-unknown.bin': seal({ signers: ['site', 'stranger'], header: { threshold: 2 } }),
  'signer-revoked.bin': seal({ signers: ['stolen'] }),
  'signer-expired.bin': seal({ signers: ['retired'] }),
  'signer-of-another-device.bin': seal({ signers: ['host-b'] }),
  'signer-of-devices-without-device.bin': seal({
    signers: ['host-b'],
    header: { identity: { type: 'mtty', vm: 'vm-1' } },
  }),
  'one-signer-of-two.bin': good,
  'two-keys-of-one-signer.bin': seal({ signers: ['site', 'site-spare'], header: { threshold: 2 } }),
  'nobody-named-a-keyring.bin': good,

  'other-device.bin': good,
  'other-vm.bin': good,
  'other-driver.bin': good,
  'other-type.bin': good,
  'no-device.bin': seal({ header: { identity: { type: 'mtty', vm: 'vm-1' } } }),
  'type-of-another-format.bin': seal({
    header: { identity: { ...exampleHeader().identity, type: 'qat' } },
  }),

  'expired.bin': seal({ header: { expires: exampleNow - 1 } }),
  'expires-this-second.bin': seal({ header: { expires: exampleNow } }),
  'made-tomorrow.bin': seal({
    header: { created: exampleNow + day, expires: exampleNow + 2 * day },
  }),

  'older-sequence.bin': seal({ header: { sequence: 6n } }),
  'same-sequence-of-another-seal.bin': seal({ header: { seal: otherSeal } }),

  'sealed-state-is-damaged.bin': seal({ state: patched(mttyState, 0x30, 0x2c) }),
};

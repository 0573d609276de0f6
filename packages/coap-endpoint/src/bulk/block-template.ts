import type { MessagePart } from '@lb-matrix/blockwise';
import { encodeMessage, Type } from '@lb-matrix/coap-codec';

/** Where the bodies of large requests and responses come from: a sender of blockwise. */
export interface BlockSource {
  readonly count: number;
  readonly szx: number;
  block(num: number): MessagePart;
  payload(num: number): Uint8Array;
}

/** The start of a message up to its payload, and where the value of its block option stands in it. */
interface Head {
  readonly bytes: Uint8Array;
  readonly valueAt: number;
}

/** Writes the blocks of one body as NON messages: what they have in common is encoded once, nothing is allocated for each. */
export class BlockTemplate {
  readonly #source: BlockSource;
  readonly #token: Uint8Array;
  readonly #option: number;
  /** By the length of the option's value: 1 to 3 bytes. */
  readonly #heads: (Head | undefined)[] = [];
  #first: Head | undefined;

  /** `option`: the number of the block option. */
  constructor(source: BlockSource, token: Uint8Array, option: number) {
    this.#source = source;
    this.#token = token;
    this.#option = option;
  }

  /** The length of the message with a block, in bytes. */
  lengthOf(num: number): number {
    return this.#headOf(num).bytes.length + this.#source.payload(num).length;
  }

  /** Writes the message with a block and returns its length. */
  write(num: number, messageId: number, out: Uint8Array): number {
    const { bytes, valueAt } = this.#headOf(num);
    const payload = this.#source.payload(num);
    out.set(bytes);
    out[2] = messageId >>> 8;
    out[3] = messageId;
    let value = this.#valueOf(num);
    for (let at = valueAt + lengthOf(value) - 1; at >= valueAt; at--) {
      out[at] = value;
      value >>>= 8;
    }
    out.set(payload, bytes.length);
    return bytes.length + payload.length;
  }

  /** RFC 7959 section 2.2. */
  #valueOf(num: number): number {
    return num * 16 + (num < this.#source.count - 1 ? 8 : 0) + this.#source.szx;
  }

  #headOf(num: number): Head {
    if (num === 0) {
      this.#first ??= this.#head(0);
      return this.#first;
    }
    const length = lengthOf(this.#valueOf(num));
    let head = this.#heads[length];
    if (head === undefined) {
      head = this.#head(num);
      this.#heads[length] = head;
    }
    return head;
  }

  #head(num: number): Head {
    const zeros = this.#encoded(num, 0x00);
    const ones = this.#encoded(num, 0xff);
    // Where the two differ stands the value, and nothing else does.
    return { bytes: zeros, valueAt: zeros.findIndex((byte, at) => byte !== ones[at]) };
  }

  #encoded(num: number, filler: number): Uint8Array {
    const { code, options } = this.#source.block(num);
    const value = new Uint8Array(lengthOf(this.#valueOf(num))).fill(filler);
    const filled = options.map((option) => (option.number === this.#option ? { ...option, value } : option));
    const message = { type: Type.NON, code, messageId: 0, token: this.#token, options: filled };
    // With one byte of payload there is a payload marker.
    return encodeMessage({ ...message, payload: new Uint8Array(1) }).slice(0, -1);
  }
}

function lengthOf(value: number): number {
  return value < 0x100 ? 1 : value < 0x1_0000 ? 2 : 3;
}

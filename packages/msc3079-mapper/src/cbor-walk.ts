/**
 * A place in CBOR that our own encoder wrote, so that it is well-formed and every length definite (RFC 8949 3). For
 * looking at its shape without decoding it.
 */
export class CborWalk {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** The major type of what is next. */
  get type(): number {
    return this.bytes[this.at]! >> 5;
  }

  /** Goes past a tag of lean bodies: 8 or 9, neither of which is one of base64. */
  untag(): void {
    if (this.bytes[this.at]! >> 1 === 0x64) this.at++;
  }

  /** Goes past a head and returns its argument; rounded beyond 2^53, where only a number's value can be. */
  head(): number {
    const info = this.bytes[this.at++]! & 0x1f;
    if (info < 24) return info;
    let value = 0;
    for (let left = 2 ** (info - 24); left > 0; left--) value = value * 256 + this.bytes[this.at++]!;
    return value;
  }

  /** Goes past one item. */
  skip(): void {
    const { type } = this;
    const argument = this.head();
    if (type === 2 || type === 3) this.at += argument;
    else if (type === 4 || type === 5)
      for (let left = type === 4 ? argument : 2 * argument; left > 0; left--) this.skip();
    else if (type === 6) this.skip();
  }

  /** One item as a string of its bytes, to compare it with others. */
  item(): string {
    const start = this.at;
    this.skip();
    return latin1(this.bytes, start, this.at);
  }

  /** Calls `member` with the key of each member of the map that is next; it goes past the value. Nothing for what is no map. */
  members(member: (key: string, start: number) => void): void {
    this.untag();
    if (this.type !== 5) this.skip();
    else
      for (let left = this.head(); left > 0; left--) {
        const start = this.at;
        member(this.item(), start);
      }
  }

  /** The same for the items of an array. */
  items(item: (start: number) => void): void {
    if (this.type !== 4) this.skip();
    else for (let left = this.head(); left > 0; left--) item(this.at);
  }
}

/** A byte for each character. */
export function latin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

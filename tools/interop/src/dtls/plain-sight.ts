/** What anybody on the way sees of DTLS 1.3. */
import type { Relay, Side } from './relay.ts';

/** The random of a ServerHello that is a HelloRetryRequest (RFC 8446 section 4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

/** What a HelloRetryRequest asks for, by the extension that asks (RFC 8446 section 4.2). */
const ASKS: Readonly<Record<number, 'cookie' | 'group'>> = { 44: 'cookie', 51: 'group' };

/** What the first HelloRetryRequest of the server asks for; undefined when there was none. */
export function retryRequest({ relayed }: Relay): readonly string[] | undefined {
  for (const { from, bytes } of relayed) {
    const view = Buffer.from(bytes);
    // Behind the headers of record (13 bytes) and message (12 bytes), and the version.
    const random = view.subarray(27, 59).toString('hex');
    if (from === 'server' && random === RETRY_RANDOM)
      return [...extensionTypes(view)].flatMap((type) => ASKS[type] ?? []);
  }
  return undefined;
}

/** Of a ServerHello: behind its random stand session id, cipher suite and compression. */
function* extensionTypes(hello: Buffer): Generator<number> {
  const start = 59 + 1 + hello[59]! + 2 + 1;
  const end = start + 2 + hello.readUInt16BE(start);
  for (let at = start + 2; at < end; at += 4 + hello.readUInt16BE(at + 2)) yield hello.readUInt16BE(at);
}

/** The epochs of the protected records at the head of this side's datagrams, as far as their headers tell: modulo 4 (RFC 9147 section 4). */
export function epochsSeen({ relayed }: Relay, side: Side): ReadonlySet<number> {
  const heads = relayed.filter(({ from }) => from === side).map(({ bytes }) => bytes[0]!);
  return new Set(heads.filter((head) => head >> 5 === 0b001).map((head) => head & 0b11));
}

/** The datagram starts with a handshake message, in the clear or in the handshake's epoch, 2. */
export function startsWithHandshake(bytes: Uint8Array): boolean {
  return bytes[0] === 22 || (bytes[0]! >> 5 === 0b001 && (bytes[0]! & 0b11) === 2);
}

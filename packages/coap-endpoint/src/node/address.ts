import { lookup } from 'node:dns/promises';
import { interfaceMtu } from './interface-mtu.ts';

/** A numeric address to send to or to bind. */
export interface NumericAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * Looks a host name up once, so that the socket need not for each datagram. Rejects with Node's error (`ENOTFOUND`).
 */
export async function resolve(host: string): Promise<NumericAddress> {
  const { address, family } = await lookup(host);
  return { address, family: family === 6 ? 6 : 4 };
}

/** An IPv4 address as a dual-stack socket shows it, without its `::ffff:`; any other as it is. */
export function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** What every IPv4 link carries (RFC 791 section 3.2), without the headers: enough for a block of 16 bytes with a short path. */
const LEAST_PAYLOAD = 68 - 28;
/** What an IP packet holds at most, in bytes. */
const LARGEST_MTU = 65_535;
const DEFAULT_MTU = 1280;

/** Throws `RangeError` for a packet size with which nothing would work. */
export function checkMtu(mtu: number, address: string): void {
  const least = LEAST_PAYLOAD + headers(address);
  if (mtu >= least && mtu <= LARGEST_MTU) return;
  throw new RangeError(`the mtu is ${mtu}; it has to be ${least} to ${LARGEST_MTU} bytes`);
}

/** The IP packet size for a socket with this address: that of RFC 7252 section 4.6, or what its interface carries where that is less. */
export function defaultMtu(local: string): number {
  return Math.min(DEFAULT_MTU, Math.max(LEAST_PAYLOAD + headers(local), interfaceMtu(local) ?? DEFAULT_MTU));
}

/** The largest UDP payload in an IP packet of `mtu` bytes. */
export function maxPayload(mtu: number, address: string): number {
  return mtu - headers(address);
}

function headers(address: string): number {
  return address.includes(':') ? 48 : 28;
}

/** A lookup for sockets that are only given numeric addresses: at once. */
export function numericLookup(
  host: string,
  _options: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
): void {
  callback(null, host, host.includes(':') ? 6 : 4);
}

import { lookup } from 'node:dns/promises';

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

/** The largest UDP payload in an IP packet of `mtu` bytes. */
export function maxPayload(mtu: number, address: string): number {
  return mtu - (address.includes(':') ? 48 : 28);
}

/** A lookup for sockets that are only given numeric addresses: at once. */
export function numericLookup(
  host: string,
  _options: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
): void {
  callback(null, host, host.includes(':') ? 6 : 4);
}

import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { wholeNumber } from '../engine-options.ts';
import { interfaceMtu } from './interface-mtu.ts';

/** A numeric address for a socket. */
export interface UdpAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** IPv6 and UDP headers, IPv4 and UDP headers. */
const HEADERS = { 6: 40 + 8, 4: 20 + 8 } as const;

const DEFAULT_MTU = 1_280;
const LEAST_MTU = 128;

/** The numeric address of a host: the first that the system finds, looked up once. */
export async function resolveHost(host: string): Promise<UdpAddress> {
  const { address, family } = await lookup(host);
  const unmapped = unmapAddress(address);
  return isIPv4(unmapped) ? { address: unmapped, family: 4 } : { address, family: family === 4 ? 4 : 6 };
}

/** An IPv4 address that is written as IPv6 (RFC 4291 2.5.5.2) as IPv4 again. */
export function unmapAddress(address: string): string {
  const tail = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return isIPv4(tail) ? tail : address;
}

/**
 * UDP payload that fits in an IP packet of `mtu` bytes; by default the smaller of 1280 and what the interface with the address `local` carries.
 * Throws `DtlsRefusedError` (`bad-option`).
 */
export function maxDatagramOf(mtu: number | undefined, family: 4 | 6, local: string): number {
  const carried = mtu ?? Math.min(DEFAULT_MTU, Math.max(LEAST_MTU, interfaceMtu(local) ?? DEFAULT_MTU));
  return wholeNumber('mtu', carried, LEAST_MTU, 65_535) - HEADERS[family];
}

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { OptionRegistry } from '@lb-matrix/coap-codec';
import { type CoapClient, connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import type { Location } from './location.ts';
import { race } from './race.ts';
import type { Wire, WireOptions } from './wire.ts';

export interface ConnectionOptions extends Omit<WireOptions, 'signal'> {
  /** The options that may stand in responses. */
  readonly registry: OptionRegistry;
  /** Milliseconds that the server may take on purpose. */
  readonly longPoll: number;
  /** Ends every attempt. */
  readonly signal: AbortSignal;
  /** Told which address is tried. */
  readonly onAttempt: (address: string) => void;
}

/** A client that is connected, and how that went. */
export interface Connection {
  readonly client: CoapClient;
  readonly wire: Wire;
  /** Milliseconds of the name's lookup. */
  readonly dnsTime: number;
  /** Milliseconds from the address to the connection. */
  readonly handshakeTime: number;
}

/** `localhost` may have its server on either family. */
const LOOPBACK = ['::1', '127.0.0.1'];
const HEAD_START = 250;

/** MAX_LATENCY of RFC 7252 section 4.8.2, in milliseconds. */
const MAX_LATENCY = 100_000;

/** Connects to the server of a URL; `localhost` by whichever loopback address answers first. */
export async function openConnection(location: Location, options: ConnectionOptions): Promise<Connection> {
  const { host, secure } = location;
  const { openWire } = secure ? await import('./dtls-wire.ts') : await import('./udp-wire.ts');
  const start = performance.now();
  const addresses = host === 'localhost' ? LOOPBACK : [isIP(host) ? host : await resolve(host, options.signal)];
  const resolved = performance.now();

  const attempts = addresses.map((address) => async (signal: AbortSignal) => {
    options.onAttempt(address);
    const wire = await openWire(address, location, { ...options, signal });
    const client = connect(wire.pipe, {
      platform: nodePlatform,
      optionRegistry: options.registry,
      // A separate response is awaited for EXCHANGE_LIFETIME, which holds MAX_LATENCY twice: a long-poll comes on top.
      transmission: { maxLatency: MAX_LATENCY + options.longPoll / 2 },
    });
    try {
      // Without a handshake it takes a CoAP ping (RFC 7252 section 4.3) to see where the server is.
      if (!secure && addresses.length > 1) await client.ping({ signal });
      return { client, wire };
    } catch (error) {
      client.close();
      throw error;
    }
  });
  const { client, wire } = await race(attempts, {
    headStart: HEAD_START,
    signal: options.signal,
    discard: ({ client }) => client.close(),
  });
  return { client, wire, dnsTime: resolved - start, handshakeTime: performance.now() - resolved };
}

/** The first address of a name. The signal ends only the waiting: Node cannot give up a lookup. */
function resolve(host: string, signal: AbortSignal): Promise<string> {
  return new Promise((done, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    lookup(host).then(({ address }) => done(address), fail);
  });
}

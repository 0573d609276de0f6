import {
  type CoapClient,
  type CoapResponse,
  connect,
  type DatagramPipe,
  type PipeListener,
} from '@lb-matrix/coap-endpoint';
import { createLowBandwidthServer, type HttpHeaders, type LowBandwidthOptions } from '@lb-matrix/lb-server';
import {
  type ClientSessionOptions,
  createClientSession,
  type MappedCoapRequest,
  mapperOptionRegistry,
  requestToCoap,
  responseToHttp,
} from '@lb-matrix/msc3079-mapper';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { parse } from './upstream.ts';

/** A datagram on a virtual link. */
interface Sighting {
  readonly from: 'client' | 'server';
  /** When it was sent, in virtual milliseconds. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What a client asks, in HTTP's words. */
interface Ask {
  readonly token?: string;
  readonly json?: unknown;
  readonly headers?: HttpHeaders;
}

/** What it gets, as CoAP and in HTTP's words. */
interface Got {
  readonly coap: CoapResponse;
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly json: unknown;
}

/** One client's session with a server. */
export interface TestSession {
  readonly client: CoapClient;
  /** The server's end. */
  readonly pipe: DatagramPipe;
  readonly sightings: Sighting[];
  /** Why the server's end was closed by the server. */
  readonly closed: () => boolean;
  /** A request as our own client makes it. */
  map(method: string, target: string, ask?: Ask): MappedCoapRequest;
  /** Nothing arrives any more, either way, and nobody is told. */
  cut(): void;
  /** Sends a request the way our own client does. Resolves in virtual time. */
  ask(method: string, target: string, ask?: Ask): Promise<Got>;
}

export interface SessionOptions extends ClientSessionOptions {
  readonly peer?: DatagramPipe['peer'];
  /** Milliseconds one way. */
  readonly latency?: number;
  /** What becomes of a datagram: after how many milliseconds each copy of it arrives. Default: one, after `latency`. */
  readonly carry?: () => readonly number[];
}

const PEER = { address: '192.0.2.7', port: 40_000, validated: true };

/** A server in virtual time, and sessions with it over links without loss. */
export function testServer({
  platform = new VirtualTime(),
  ...options
}: Omit<LowBandwidthOptions, 'platform' | 'dtlsPort'> & { readonly platform?: VirtualTime }) {
  const listener: PipeListener & { closed: boolean } = {
    closed: false,
    close() {
      this.closed = true;
    },
  };
  const server = createLowBandwidthServer({ platform, dtlsPort: 8448, ...options });
  server.serve(listener);
  return {
    platform,
    listener,
    server,
    session: (session: SessionOptions = {}) => openSession(platform, (pipe) => listener.onPipe?.(pipe), session),
  };
}

function openSession(
  platform: VirtualTime,
  accept: (pipe: DatagramPipe) => void,
  { peer = PEER, latency = 0, carry = () => [latency], ...clientOptions }: SessionOptions,
): TestSession {
  const sightings: Sighting[] = [];
  const near = end('client', PEER);
  const far = end('server', peer);
  let closed = false;
  let isCut = false;

  function end(from: Sighting['from'], peerOfEnd: DatagramPipe['peer']): DatagramPipe {
    return {
      maxPayload: 1200,
      peer: peerOfEnd,
      send(datagram) {
        const bytes = Uint8Array.from(datagram);
        sightings.push({ from, at: platform.now(), bytes });
        const other = from === 'client' ? far : near;
        for (const delay of isCut ? [] : carry()) {
          platform.setTimer(delay, () => {
            if (!isCut) other.onDatagram?.(Uint8Array.from(bytes), platform.now());
          });
        }
      },
      close() {
        if (closed) return;
        closed = true;
        near.onClose?.(undefined);
        far.onClose?.(undefined);
      },
    };
  }

  accept(far);
  const session = createClientSession(clientOptions);
  const client = connect(near, { platform, optionRegistry: mapperOptionRegistry });
  const map: TestSession['map'] = (method, target, { token, json, headers = [] } = {}) =>
    requestToCoap(
      {
        method,
        target,
        headers: [
          ...headers,
          ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]),
          ...(json === undefined ? [] : [['content-type', 'application/json'] as const]),
        ],
        ...(json === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(json)) }),
      },
      session,
    );
  return {
    map,
    cut() {
      isCut = true;
    },
    client,
    pipe: far,
    sightings,
    closed: () => closed,
    async ask(method, target, ask) {
      const request = map(method, target, ask);
      const coap = await client.request(request);
      const response = responseToHttp(coap, request, session);
      return {
        coap,
        status: response.status,
        headers: response.headers,
        json: response.body.length === 0 ? undefined : parse(response.body),
      };
    },
  };
}

/** The result of something that needs virtual time to pass. */
export async function within<T>(platform: VirtualTime, ms: number, promise: Promise<T>): Promise<T> {
  // Whoever waits for it hears of its failure below.
  promise.catch(() => undefined);
  await platform.advance(ms);
  return promise;
}

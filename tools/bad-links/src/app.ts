import { type CoapClient, connect } from '@lb-matrix/coap-endpoint';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client';
import { createLowBandwidthServer, type LowBandwidthServer, type Upstream } from '@lb-matrix/lb-server';
import { createClientSession, mapperOptionRegistry, requestToCoap, responseToHttp } from '@lb-matrix/msc3079-mapper';
import { nodeDeflate } from '@lb-matrix/msc3079-mapper/node';
import type { VirtualTime } from '@lb-matrix/virtual-network';
import type { Ask } from './asking.ts';
import { type DtlsLink, openDtlsLink, RAW_KEY_PIN } from './dtls-link.ts';
import type { LinkShape } from './links.ts';
import type { Peer } from './peer.ts';

const ORIGIN = 'https://matrix.example.org';
const FORMS = { tables: 2, compression: { deflate: nodeDeflate() } } as const;

/** An app that speaks low bandwidth with a server, over a link. */
export interface App {
  readonly time: VirtualTime;
  readonly ask: Ask;
  /** The app ends, and starts again with what it has stored. */
  restart(): Promise<void>;
}

/** A request with a body of JSON, and the answer to it. */
interface Asking {
  request(method: string, target: string, token: string | undefined, body: string | undefined): Promise<Answer>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Nothing of it is connected before its first request. */
export function openApp(shape: LinkShape, peer: Peer, seed: number, upstream: Upstream): App {
  const link = openDtlsLink(shape, seed);
  const { time } = link;
  const server = createLowBandwidthServer({
    platform: time.platform(3 * seed),
    dtlsPort: 8448,
    rawKeys: [RAW_KEY_PIN],
    upstream,
    ...FORMS,
  });
  server.serve(link.listener);
  const stored = new Map<string, string>();
  const start = () => (peer === 'ours' ? throughClient(link, server, stored, seed) : throughEndpoint(link, seed));
  let asking = start();
  return {
    time,
    async ask(method, target, token, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await asking.request(method, `/_matrix/client/v3/${target}`, token, text);
      if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${answer.text}`);
      return JSON.parse(answer.text);
    },
    async restart() {
      await asking.close();
      asking = start();
    },
  };
}

/** lb-client, which has found the server over HTTPS. */
function throughClient(
  link: DtlsLink,
  { handleHttp }: LowBandwidthServer,
  stored: Map<string, string>,
  seed: number,
): Asking {
  const { time } = link;
  const overHttps: typeof fetch = async (input) => {
    const { pathname } = new URL(String(input));
    if (pathname !== '/_matrix/client/versions') throw new Error(`${pathname} went over HTTPS`);
    const { status, body } = await handleHttp({ method: 'GET', target: pathname, headers: [] });
    return new Response(new TextDecoder().decode(body), { status });
  };
  const lowBandwidth = createLowBandwidthFetch({
    platform: {
      ...time.platform(3 * seed + 1),
      wallTime: () => time.now(),
      connect: (target) => link.connect(target),
      storage: { get: (key) => stored.get(key), set: (key, value) => void stored.set(key, value) },
    },
    fetch: overHttps,
    ...FORMS,
  });
  return {
    async request(method, target, token, body) {
      const response = await lowBandwidth(ORIGIN + target, {
        method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, text: await response.text() };
    },
    close: () => lowBandwidth.close(),
  };
}

/** An endpoint that says nothing of what it can do beyond RFC 7252 and RFC 7959. */
function throughEndpoint(link: DtlsLink, seed: number): Asking {
  const session = createClientSession(FORMS);
  const platform = link.time.platform(3 * seed + 1);
  let client: Promise<CoapClient> | undefined;
  return {
    async request(method, target, token, text) {
      client ??= link.connect({}).then((pipe) => connect(pipe, { platform, optionRegistry: mapperOptionRegistry }));
      const coap = await client;
      const headers = token === undefined ? [] : [['authorization', `Bearer ${token}`] as const];
      const body = text === undefined ? undefined : new TextEncoder().encode(text);
      const mapped = requestToCoap({ method, target, headers, ...(body === undefined ? {} : { body }) }, session);
      const answer = responseToHttp(await coap.request(mapped), mapped, session);
      return { status: answer.status, text: new TextDecoder().decode(answer.body) };
    },
    close: async () => (await client)?.close(),
  };
}

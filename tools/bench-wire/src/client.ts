import type { LowBandwidthFetch } from '@lb-matrix/lb-client';
import { createLowBandwidthFetch, type NodeLowBandwidthFetchOptions } from '@lb-matrix/lb-client/node';
import { advertiseLowBandwidth } from '@lb-matrix/msc3079-mapper';
import { type Forms, formsOf } from './forms.ts';
import { RAW_KEY_PIN } from './stack.ts';

/** How a client comes to its connection: over DTLS 1.3 by the server's raw key, which is the default, or otherwise. */
export type Way = 'raw key' | 'certificate' | 'DTLS 1.2';

/** The certificate's bytes cross the wire whether it is verified or not. */
const DTLS: Readonly<Record<Way, NodeLowBandwidthFetchOptions>> = {
  'raw key': {},
  certificate: { versions: ['1.3'], dangerouslySkipVerification: true },
  'DTLS 1.2': { versions: ['1.2'], dangerouslySkipVerification: true, connectionIds: false },
};

/** What a homeserver says of itself; pins count only when they come over HTTPS. */
const ORIGIN = 'https://127.0.0.1';
const VERSIONS = new TextEncoder().encode(JSON.stringify({ versions: ['v1.11'] }));

/** Does what the one of `lb-client` does, for a path and its query. Throws for what would go over HTTP. */
export interface Client {
  fetch(target: string, init: RequestInit): Promise<Response>;
  close(): ReturnType<LowBandwidthFetch['close']>;
}

/**
 * A client as an application has it: `lb-client`, of a server at `port` of this machine. What it asks over HTTPS, once in six
 * hours, is not counted.
 */
export function openClient(port: number, forms: Forms, options: NodeLowBandwidthFetchOptions & { way?: Way }): Client {
  const { way = 'raw key', ...others } = options;
  const rest = forms === 'plain' ? {} : ({ tables: 2, compression: true } as const);
  const versions = advertiseLowBandwidth(VERSIONS, { dtls: port, rawKeys: [RAW_KEY_PIN], ...rest });
  const lowBandwidthFetch = createLowBandwidthFetch({
    fetch: async () => new Response(new Uint8Array(versions)),
    ...formsOf(forms),
    ...DTLS[way],
    ...others,
    onFallback: ({ url, reason }) => {
      throw new Error(`${url} went over HTTP: ${reason}`);
    },
  });
  return {
    fetch: (target, init) => lowBandwidthFetch(ORIGIN + target, init),
    close: () => lowBandwidthFetch.close(),
  };
}

/** Asks as one user. The answer's JSON. Throws unless it is 2xx. */
export async function ask(
  { fetch }: Client,
  token: string | undefined,
  method: string,
  target: string,
  json?: unknown,
): Promise<Record<string, string>> {
  const response = await fetch(target, {
    method,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}

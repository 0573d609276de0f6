import { type CoapResponse, connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { connectDtls } from '@lb-matrix/dtls-transport/node';
import {
  type ClientSessionOptions,
  createClientSession,
  mapperOptionRegistry,
  requestToCoap,
  responseToHttp,
} from '@lb-matrix/msc3079-mapper';
import { onTestFinished } from 'vitest';

interface Got {
  readonly coap: CoapResponse;
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of an answer is the test's to say
  readonly json: any;
}

/** A client of its own DTLS session, that carries one token. */
export interface LowBandwidthClient {
  request(method: string, target: string, json?: unknown): Promise<Got>;
  /** The answers to a GET that observes. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  observe(target: string): AsyncIterableIterator<any>;
  close(): void;
}

/** Connects the way our own clients do. */
export async function connectLowBandwidth(
  port: number,
  { token, host = '127.0.0.1', ...options }: ClientSessionOptions & { token?: string; host?: string } = {},
): Promise<LowBandwidthClient> {
  const pipe = await connectDtls({ host, port, dangerouslySkipVerification: true });
  const client = connect(pipe, { platform: nodePlatform, optionRegistry: mapperOptionRegistry });
  onTestFinished(() => client.close());
  const session = createClientSession(options);
  return {
    async *observe(target) {
      const headers: [string, string][] = token === undefined ? [] : [['authorization', `Bearer ${token}`]];
      const request = requestToCoap({ method: 'GET', target, headers }, session);
      for await (const response of client.observe(request)) {
        yield JSON.parse(new TextDecoder().decode(responseToHttp(response, request, session).body));
      }
    },
    async request(method, target, json) {
      const headers: [string, string][] = [];
      if (token !== undefined) headers.push(['authorization', `Bearer ${token}`]);
      if (json !== undefined) headers.push(['content-type', 'application/json']);
      const body = json === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(json)) };
      const request = requestToCoap({ method, target, headers, ...body }, session);
      const coap = await client.request(request);
      const response = responseToHttp(coap, request, session);
      const text = new TextDecoder().decode(response.body);
      return { coap, status: response.status, json: text === '' ? undefined : JSON.parse(text) };
    },
    close: () => client.close(),
  };
}

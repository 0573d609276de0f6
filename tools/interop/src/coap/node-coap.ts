import { on, once } from 'node:events';
import { OptionNumber } from '@lb-matrix/coap-codec';
import { Agent, createServer, type IncomingMessage, type ObserveReadStream, type OutgoingMessage } from 'coap';
import { freeUdpPort } from '../free-port.ts';
import type { Ask, CoapPeer } from './peer.ts';

const noChanges = 'our server program for it has no observable resource that others change';
const noValidation = 'our server program for it has no /validate and no /create1';

/** node-coap's names of the options that clients here send. */
const NAMES: Readonly<Record<number, Parameters<OutgoingMessage['setOption']>[0]>> = {
  [OptionNumber.IfMatch]: 'If-Match',
  [OptionNumber.ETag]: 'ETag',
  [OptionNumber.IfNoneMatch]: 'If-None-Match',
  [OptionNumber.ContentFormat]: 'Content-Format',
  [OptionNumber.Accept]: 'Accept',
};

/** The npm package coap, in this process. */
export const nodeCoap: CoapPeer = {
  name: 'node-coap',
  install: () => undefined,

  async startServer() {
    const port = await freeUdpPort();
    const handle = resources();
    const server = createServer({ type: 'udp4' }, (request, response) => handle(request, response));
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', () => done()));
    return { port, stop: () => new Promise((done) => server.close(() => done())) };
  },

  async connect(port) {
    const agent = new Agent({ type: 'udp4' });
    const agents = [agent];
    return {
      async ask(ask) {
        const request = agent.request({
          hostname: '127.0.0.1',
          port,
          method: ask.method,
          pathname: `/${ask.path.join('/')}`,
          query: (ask.query ?? []).join('&'),
          confirmable: ask.confirmable ?? true,
        });
        setOptions(request, ask);
        request.end(ask.payload && Buffer.from(ask.payload));
        const [response] = (await once(request, 'response', { signal: AbortSignal.timeout(20_000) })) as [
          IncomingMessage,
        ];
        const parts: Uint8Array[] = [];
        for await (const part of response) parts.push(part as Uint8Array);
        return { code: response.code, payload: Uint8Array.from(Buffer.concat(parts)) };
      },
      async observe({ path, states }) {
        const pathname = `/${path.join('/')}`;
        // One for each: it leaves what comes after the end without any answer, and the server waits for one.
        const ownAgent = new Agent({ type: 'udp4' });
        const request = ownAgent.request({ hostname: '127.0.0.1', port, pathname, observe: true });
        request.end();
        const signal = AbortSignal.timeout(15_000);
        const [response] = (await once(request, 'response', { signal })) as [ObserveReadStream];
        const seen: Uint8Array[] = [];
        for await (const [state] of on(response, 'data', { signal })) {
          seen.push(Uint8Array.from(state));
          if (seen.length === states) break;
        }
        response.close();
        agents.push(ownAgent);
        return seen;
      },
      ping: () => Promise.reject(new Error('node-coap cannot be told to ping')),
      async stop() {
        for (const one of agents) one.close();
      },
    };
  },

  serverLacks: {
    CORE_21: noValidation,
    CORE_22: noValidation,
    CORE_23: noValidation,
    critical: 'its server ignores critical options that it does not know',
    DTLS: 'it has no DTLS',
    CID: 'it has no DTLS',
    CORE_31: 'its server does not answer an Empty message',
    OBS_02: 'its notifications are of the type of the request, here CON',
    OBS_07: noChanges,
    OBS_08: noChanges,
    OBS_09: noChanges,
    OBS_12: 'its server sends one more notification after its answer to Observe 1',
    OBS_13: 'our server program for it has no large observable resource',
    BLOCK_05: 'its server answers the later blocks with 2.05, whatever the code of the first was',
    BLOCK_06: 'its server misreads the Block2 option that asks for block 0 of 16 bytes, which is empty',
  },
  clientLacks: {
    CORE_12: 'it always sends a token',
    CORE_31: 'it cannot be told to ping',
    OBS_06: 'it ends an observation in silence',
    OBS_07: 'it shows no notification without an Observe option, as that of an error is',
    OBS_08: 'it shows no notification without an Observe option, as that of an error is',
    OBS_12: 'it ends an observation in silence',
    OBS_13: 'it does not fetch the rest of a notification that comes in blocks',
    critical: 'it sends no options that it has no name for',
    DTLS: 'it has no DTLS',
    CID: 'it has no DTLS',
    "CORE_16, the separate response's acknowledgement is lost":
      'its client neither acknowledges nor resets a response that comes again',
  },
};

function setOptions(request: OutgoingMessage, { options = [], payload, szx }: Ask): void {
  for (const { number, value } of options) request.setOption(NAMES[number]!, Buffer.from(value));
  if (szx !== undefined) request.setOption('Block2', Buffer.of(szx));
  // It splits a body only when asked to: here into blocks of 1024 bytes.
  if (payload !== undefined && payload.length > 1024) request.setOption('Block1', Buffer.of(6));
}

/** The resources of the ETSI test descriptions, as far as they say something about node-coap. */
function resources(): (request: IncomingMessage, response: OutgoingMessage) => void {
  const bodies = new Map<string, Buffer>();
  return (request, response) => {
    const [path, query = ''] = request.url.split('?') as [string, string?];
    const answer = (code: string, body: Buffer | string = '', format = 'text/plain'): void => {
      response.code = code;
      if (body.length > 0) response.setOption('Content-Format', format);
      response.end(body);
    };
    const octets = (code: string, body: Buffer): void => answer(code, body, 'application/octet-stream');
    switch (`${request.method} ${path}`) {
      case 'GET /test':
        return answer('2.05', 'test');
      case 'PUT /test':
        return answer('2.04');
      case 'DELETE /test':
        return answer('2.02');
      case 'POST /test':
        response.setOption(
          'Location-Path',
          ['location1', 'location2', 'location3'].map((part) => Buffer.from(part)),
        );
        return answer('2.01');
      case 'GET /separate':
        return void setTimeout(answer, 1000, '2.05', 'late');
      case 'GET /seg1/seg2/seg3':
        return answer('2.05', 'deep');
      case 'GET /query':
        return answer('2.05', query);
      case 'POST /location-query':
        response.setOption(
          'Location-Query',
          ['first=1', 'second=2'].map((part) => Buffer.from(part)),
        );
        return answer('2.01');
      case 'GET /multi-format':
        return request.headers.Accept === 'application/xml'
          ? answer('2.05', '<text/>', 'application/xml')
          : answer('2.05', 'text');
      case 'GET /obs':
        return tick(request, response);
      case 'GET /large':
        return octets('2.05', Buffer.from('0123456789abcdef'.repeat(4096)));
      case 'PUT /large-update':
        bodies.set(path, request.payload);
        return answer('2.04');
      case 'POST /large-create':
        bodies.set('/large-create/1', request.payload);
        response.setOption(
          'Location-Path',
          ['large-create', '1'].map((part) => Buffer.from(part)),
        );
        return answer('2.01');
      case 'POST /large-post':
        return octets('2.04', Buffer.from(request.payload.toString().toUpperCase()));
      default:
        return bodies.has(path) ? octets('2.05', bodies.get(path)!) : answer('4.04');
    }
  };
}

/** A resource that changes several times a second; what is written to a response goes out as a notification. */
function tick(request: IncomingMessage, response: OutgoingMessage): void {
  response.setOption('Content-Format', 'text/plain');
  let n = 0;
  if (request.headers.Observe !== 0) return void response.end('tick');
  response.write(`tick ${n++}`);
  const timer = setInterval(() => response.write(`tick ${n++}`), 300);
  response.on('finish', () => clearInterval(timer));
}

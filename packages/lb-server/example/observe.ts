import { connect, type DatagramPipe, type PipeListener } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { createLowBandwidthServer, type Upstream } from '@lb-matrix/lb-server';
import { createClientSession, requestToCoap, responseToHttp } from '@lb-matrix/msc3079-mapper';

// A homeserver: it answers /sync at once, or waits for news where it is to. There are three pieces of news.
let batch = 0;
const upstream: Upstream = async ({ target, signal }) => {
  const waits = !target.endsWith('timeout=0');
  if (waits && batch === 3) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  const news = waits ? { account_data: { events: [{ type: 'm.news', content: { batch: ++batch } }] } } : {};
  const body = new TextEncoder().encode(JSON.stringify({ next_batch: `s${batch}`, ...news }));
  return { status: 200, headers: [['content-type', 'application/json']], body };
};

// Two ends of a pipe in memory, where DTLS sessions would be.
const peer = { address: '192.0.2.1', port: 40_000, validated: true };
const pipe = (other: () => DatagramPipe): DatagramPipe => ({
  maxPayload: 1200,
  peer,
  send: (datagram) => queueMicrotask(() => other().onDatagram?.(datagram.slice(), nodePlatform.now())),
  close: () => other().onClose?.(undefined),
});
const near: DatagramPipe = pipe(() => far);
const far: DatagramPipe = pipe(() => near);

const listener: PipeListener = { close: () => far.close() };
const server = createLowBandwidthServer({
  upstream,
  platform: nodePlatform,
  dtlsPort: 8448,
  onObservation: ({ event, path }) => console.log('server:', event, path),
});
server.serve(listener);
listener.onPipe?.(far);

// A client that observes. It acknowledges a push when it asks for the next one.
const client = connect(near, { platform: nodePlatform });
const session = createClientSession();
const target = '/_matrix/client/v3/sync?since=s0';
const request = requestToCoap({ method: 'GET', target, headers: [['authorization', 'Bearer secret']] }, session);
for await (const response of client.observe(request, { acknowledgeConsumed: true })) {
  console.log('client:', new TextDecoder().decode(responseToHttp(response, request, session).body));
  if (batch === 3) break;
}
await server.close();

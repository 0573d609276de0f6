import { Code } from '@lb-matrix/coap-codec';
import { Agent, createServer, type IncomingMessage } from 'coap';
import { afterAll, bench, describe } from 'vitest';
import {
  type CoapClient,
  connect,
  type DatagramPipe,
  type Handler,
  listen,
  type ServerOptions,
  serve,
} from '../src/index.ts';
import { connectUdp, listenUdp, nodePlatform as platform } from '../src/node.ts';
import { AT_A_TIME, BODY, nodeCoapRequestOf, requestOf } from './support/workload.ts';

const handler: Handler = ({ payload }) => ({ code: Code.Content, options: [], payload });
// A client that does nothing else uses up the Message IDs of the default lifetime, 247 s, in a few seconds. node-coap reuses them.
const transmission = { maxLatency: 0, nstart: AT_A_TIME };
const limits: Partial<ServerOptions> = { maxPeerDuplicates: 65_536 };
const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

/** Two pipes that hand each other their datagrams in the next microtask. */
function pipePair(): [DatagramPipe, DatagramPipe] {
  const end = (other: () => DatagramPipe): DatagramPipe => ({
    maxPayload: 1232,
    peer: { address: 'memory', port: 0, validated: true },
    send(datagram) {
      const copy = new Uint8Array(datagram);
      queueMicrotask(() => other().onDatagram?.(copy, performance.now()));
    },
    close() {},
  });
  const a: DatagramPipe = end(() => b);
  const b: DatagramPipe = end(() => a);
  return [a, b];
}

/** Sixteen at a time, as far as they are there. */
const sixteen = (one: (i: number) => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: AT_A_TIME }, (_, i) => one(i)));

const requests = Array.from({ length: AT_A_TIME }, (_, n) => requestOf(n));

/** A client of its own for each benchmark, so that none waits for Message IDs that another used up. */
const inMemory = (): CoapClient => {
  const [clientPipe, serverPipe] = pipePair();
  serve(serverPipe, { platform, handler, transmission, ...limits });
  return connect(clientPipe, { platform, transmission });
};
const udp = await listenUdp();
const server = listen(udp, { platform, handler, transmission, ...limits });
cleanups.push(() => server.close());
const overUdp = async (): Promise<CoapClient> => {
  const client = connect(await connectUdp({ host: '127.0.0.1', port: udp.address.port }), { platform, transmission });
  cleanups.unshift(() => client.close());
  return client;
};
const [memory1, memory16, udp1, udp16] = [inMemory(), inMemory(), await overUdp(), await overUdp()];

const nodeCoap = createServer((incoming, outgoing) => {
  outgoing.code = '2.05';
  outgoing.end(incoming.payload);
});
await new Promise<void>((done) => nodeCoap.listen(0, '127.0.0.1', () => done()));
// node-coap does not tell its port; its socket does.
const { port } = (nodeCoap as unknown as { _sock: { address(): { port: number } } })._sock.address();
const agent = new Agent({ type: 'udp4' });
cleanups.push(
  () => new Promise((done) => nodeCoap.close(done)),
  () => agent.close(),
);
const theirs = (i: number): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = agent.request(nodeCoapRequestOf(i, port));
    outgoing.on('response', resolve).on('error', reject);
    outgoing.end(Buffer.from(BODY));
  });

describe('a PUT of 100 bytes, echoed, client and server in one process, one at a time', () => {
  bench('coap-endpoint, in memory', async () => {
    await memory1.request(requests[0]!);
  });
  bench('coap-endpoint, UDP loopback', async () => {
    await udp1.request(requests[0]!);
  });
  bench('node-coap, UDP loopback', async () => {
    await theirs(0);
  });
});

describe('the same, sixteen at a time', () => {
  bench('coap-endpoint, in memory', async () => {
    await sixteen((i) => memory16.request(requests[i]!));
  });
  bench('coap-endpoint, UDP loopback', async () => {
    await sixteen((i) => udp16.request(requests[i]!));
  });
  bench('node-coap, UDP loopback', async () => {
    await sixteen(theirs);
  });
});

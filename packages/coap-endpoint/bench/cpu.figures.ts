import { fileURLToPath } from 'node:url';
import { type Figure, median, startMeasuredServer } from '@lb-matrix/bench';
import { Agent } from 'coap';
import { connect } from '../src/index.ts';
import { connectUdp, nodePlatform as platform } from '../src/node.ts';
import { AT_A_TIME, BODY, nodeCoapRequestOf, requestOf } from './support/workload.ts';

/**
 * What a request costs: the CPU time of the server's process and of the client's (this one), apart, and by how much the
 * server's process has grown. Each round has a new server and a new client, and no more requests than a client has Message IDs
 * within EXCHANGE_LIFETIME.
 */

const ROUNDS = 3;
const WARM_UP = 8_000;
const REQUESTS = 48_000;

interface Client {
  request(n: number): Promise<unknown>;
  close(): void;
}

const peers: Record<string, { server: string; connect(port: number): Promise<Client> }> = {
  ours: {
    server: 'our-server',
    async connect(port) {
      const pipe = await connectUdp({ host: '127.0.0.1', port });
      const client = connect(pipe, { platform, transmission: { nstart: AT_A_TIME } });
      return { request: (n) => client.request(requestOf(n)), close: () => client.close() };
    },
  },
  'node-coap': {
    server: 'node-coap-server',
    async connect(port) {
      const agent = new Agent({ type: 'udp4' });
      return {
        request: (n) =>
          new Promise((resolve, reject) => {
            const outgoing = agent.request(nodeCoapRequestOf(n, port));
            outgoing.on('response', resolve).on('error', reject);
            outgoing.end(Buffer.from(BODY));
          }),
        close: () => agent.close(),
      };
    },
  },
};

/** So many requests, several at a time. */
async function ask(client: Client, count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async (_, n) => {
      while (left-- > 0) await client.request(n);
    }),
  );
}

interface Round {
  readonly server: number;
  readonly client: number;
  readonly growth: number;
}

async function round(peer: string): Promise<Round> {
  const { server: file, connect: connectTo } = peers[peer]!;
  const server = await startMeasuredServer(fileURLToPath(new URL(`support/${file}.ts`, import.meta.url)));
  const fresh = await server.usage();
  const client = await connectTo(server.port);
  await ask(client, WARM_UP);
  const before = { server: await server.usage(), client: process.cpuUsage() };
  await ask(client, REQUESTS);
  const { user, system } = process.cpuUsage(before.client);
  const { cpu, rss } = await server.usage();
  client.close();
  await server.stop();
  const perSecond = (microseconds: number) => REQUESTS / (microseconds / 1e6);
  return {
    server: perSecond(cpu - before.server.cpu),
    client: perSecond(user + system),
    growth: (rss - fresh.rss) / 2 ** 20,
  };
}

for (const peer of Object.keys(peers)) {
  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await round(peer));
  const middle = (of: keyof Round) => median(rounds.map((one) => one[of]));
  const figures: Figure[] = [
    { name: 'CoAP requests, server', unit: "per second of the server's CPU", value: middle('server'), peer },
    { name: 'CoAP requests, client', unit: "per second of the client's CPU", value: middle('client'), peer },
    { name: `CoAP server, after ${WARM_UP + REQUESTS} requests`, unit: 'MiB more RSS', value: middle('growth'), peer },
  ];
  for (const figure of figures) console.log(JSON.stringify(figure));
}
process.exit(0);

import { fileURLToPath } from 'node:url';
import { connectDtls, type DtlsClientPipe } from '@lb-matrix/dtls-transport/node';
import { type Figure, median } from '../src/figure.ts';
import { buildGoProgram } from '../src/go-program.ts';
import { type MeasuredServer, startMeasuredServer } from '../src/measured-server.ts';

/**
 * What a DTLS 1.2 server does in a second of its CPU, ours and pion's. The client is ours for both, in this process. ECDSA on
 * P-256, X25519, AES-128-GCM; every handshake with its cookie.
 */

const ROUNDS = 3;
const ROUND_MS = 3_000;
/** Clients that handshake at a time, and pipes that carry data. */
const CLIENTS = 16;
/** Datagrams of one pipe that are on the way. */
const WINDOW = 4;
const DATAGRAM = new Uint8Array(100).fill(1);

const pion = buildGoProgram('pion');
const servers = [
  { peer: 'ours', program: fileURLToPath(new URL('../src/dtls-echo-server.ts', import.meta.url)) },
  ...(pion === undefined ? [] : [{ peer: 'pion', program: pion }]),
];

function connect(port: number): Promise<DtlsClientPipe> {
  return connectDtls({
    host: '127.0.0.1',
    port,
    versions: ['1.2'],
    dangerouslySkipVerification: true,
    cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  });
}

/** Handshakes until the time is up; returns how many. */
async function handshakes({ port }: MeasuredServer, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  const counts = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      let count = 0;
      for (; performance.now() < end; count++) (await connect(port)).close();
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count);
}

/** Sends datagrams and gets them back until the time is up; returns how many came. */
async function echoes({ port }: MeasuredServer, milliseconds: number): Promise<number> {
  const pipes = await Promise.all(Array.from({ length: CLIENTS }, () => connect(port)));
  let count = 0;
  for (const pipe of pipes) {
    pipe.onDatagram = () => {
      count += 1;
      pipe.send(DATAGRAM);
    };
    for (let sent = 0; sent < WINDOW; sent++) pipe.send(DATAGRAM);
  }
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  for (const pipe of pipes) pipe.close();
  return count;
}

/** What happened in a second of the server's CPU. */
async function perCpuSecond(server: MeasuredServer, load: typeof handshakes): Promise<number> {
  const before = await server.usage();
  const count = await load(server, ROUND_MS);
  return count / (((await server.usage()).cpu - before.cpu) / 1e6);
}

async function measure(peer: string, program: string): Promise<Figure[]> {
  const server = await startMeasuredServer(program);
  const values = { handshakes: [] as number[], echoes: [] as number[] };
  await handshakes(server, ROUND_MS / 2);
  await echoes(server, ROUND_MS / 2);
  for (let round = 0; round < ROUNDS; round++) {
    values.handshakes.push(await perCpuSecond(server, handshakes));
    values.echoes.push(await perCpuSecond(server, echoes));
  }
  await server.stop();
  const unit = "per second of the server's CPU";
  return [
    { name: 'DTLS 1.2 handshakes', unit, value: median(values.handshakes), peer },
    { name: 'DTLS 1.2 records of 100 bytes, each way', unit, value: median(values.echoes), peer },
  ];
}

for (const { peer, program } of servers) {
  for (const figure of await measure(peer, program)) console.log(JSON.stringify(figure));
}
process.exit(0);

import { connectDtls, type DtlsClientPipe } from '@lb-matrix/dtls-transport/node';
import { buildProgram } from '../src/built-program.ts';
import { type Figure, median } from '../src/figure.ts';
import { buildGoProgram } from '../src/go-program.ts';
import { type MeasuredServer, startMeasuredServer } from '../src/measured-server.ts';

/**
 * What a DTLS server does in a second of its CPU: ours in both versions, and pion's in 1.2, which is what it has. The client is ours for
 * all, in this process. ECDSA on P-256, X25519, AES-128-GCM; in 1.2 every handshake with its cookie.
 */

const ROUNDS = 3;
const ROUND_MS = 3_000;
/** Clients that handshake at a time, and pipes that carry data. */
const CLIENTS = 16;
/** Datagrams of one pipe that are on the way. */
const WINDOW = 4;
const DATAGRAM = new Uint8Array(100).fill(1);

const pion = buildGoProgram('pion');
type Version = '1.3' | '1.2';

const SUITES = { '1.3': 'TLS_AES_128_GCM_SHA256', '1.2': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' } as const;

/** A program and what it is spoken to in. */
interface Candidate {
  readonly peer: string;
  readonly version: Version;
  readonly program: string;
}

const ours = buildProgram('dtls-echo-server');
const candidates: readonly Candidate[] = [
  { peer: 'ours', version: '1.3', program: ours },
  { peer: 'ours', version: '1.2', program: ours },
  ...(pion === undefined ? [] : [{ peer: 'pion', version: '1.2' as const, program: pion }]),
];

/** A server that runs, and what it is spoken to in. */
interface Target {
  readonly server: MeasuredServer;
  readonly version: Version;
}

function connect({ server, version }: Target): Promise<DtlsClientPipe> {
  return connectDtls({
    host: '127.0.0.1',
    port: server.port,
    dangerouslySkipVerification: true,
    versions: [version],
    cipherSuites: [SUITES[version]],
  });
}

/** Handshakes until the time is up; returns how many. */
async function handshakes(target: Target, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  const counts = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      let count = 0;
      for (; performance.now() < end; count++) (await connect(target)).close();
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count);
}

/** Sends datagrams and gets them back until the time is up; returns how many came. */
async function echoes(target: Target, milliseconds: number): Promise<number> {
  const pipes = await Promise.all(Array.from({ length: CLIENTS }, () => connect(target)));
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
async function perCpuSecond(target: Target, load: typeof handshakes): Promise<number> {
  const before = await target.server.usage();
  const count = await load(target, ROUND_MS);
  return count / (((await target.server.usage()).cpu - before.cpu) / 1e6);
}

async function measure({ peer, version, program }: Candidate): Promise<Figure[]> {
  const server = await startMeasuredServer(program);
  const target = { server, version };
  const values = { handshakes: [] as number[], echoes: [] as number[] };
  await handshakes(target, ROUND_MS / 2);
  await echoes(target, ROUND_MS / 2);
  for (let round = 0; round < ROUNDS; round++) {
    values.handshakes.push(await perCpuSecond(target, handshakes));
    values.echoes.push(await perCpuSecond(target, echoes));
  }
  await server.stop();
  const unit = "per second of the server's CPU";
  return [
    { name: `DTLS ${version} handshakes`, unit, value: median(values.handshakes), peer },
    { name: `DTLS ${version} records of 100 bytes, each way`, unit, value: median(values.echoes), peer },
  ];
}

for (const candidate of candidates) {
  for (const figure of await measure(candidate)) console.log(JSON.stringify(figure));
}
process.exit(0);

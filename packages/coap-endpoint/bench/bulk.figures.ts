import { randomBytes } from 'node:crypto';
import type { Figure } from '@lb-matrix/bench';
import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import { type CoapClient, connect, listen } from '../src/index.ts';
import { connectUdp, listenUdp, nodePlatform as platform } from '../src/node.ts';

/** What a large body costs over UDP on the loopback: the CPU time of both ends, which are this one process. */

const BODY = new Uint8Array(randomBytes(4 * 2 ** 20));
const WARM_UP = 2;
const ROUNDS = 3;
const RATE = 50e6;
const BOTH = { transmission: true, qBlock: true };

const udp = await listenUdp({ dangerTrustAddresses: true });
listen(udp, {
  platform,
  handler: (request) => {
    const agrees = request.options.some(({ value }) => value.length === 'agreed'.length);
    if (agrees) request.agree(BOTH);
    return { code: Code.Content, options: [], payload: BODY };
  },
});

/** Milliseconds of CPU that a second of this rate would cost, as a part of a core. */
async function cores(client: CoapClient, path: string): Promise<number> {
  const before = process.cpuUsage();
  const { payload } = await client.request({ code: Code.GET, options: [stringOption(OptionNumber.UriPath, path)] });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / ((payload.length * 8) / RATE);
}

for (const [peer, path] of [
  ['ours', 'agreed'],
  ['RFC 7959', 'plain'],
] as const) {
  const client = connect(await connectUdp({ host: '127.0.0.1', port: udp.address.port }), { platform });
  if (path === 'agreed') client.agree(BOTH);
  const rounds: number[] = [];
  for (let i = 0; i < WARM_UP + ROUNDS; i++) rounds.push(await cores(client, path));
  client.close();
  const value = rounds.slice(WARM_UP).sort((a, b) => a - b)[1]!;
  const figure: Figure = { name: '4 MiB down, both ends', unit: 'of a core at 50 Mbit/s', value, peer };
  console.log(JSON.stringify(figure));
}
process.exit(0);

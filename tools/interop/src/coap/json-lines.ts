import { type Peer, startPeer } from '../process.ts';
import type { CoapAsker } from './peer.ts';

/** A client in another language: a program that takes each request as a line of JSON and prints the answer as one. */
export async function startJsonLineClient(program: string, args: readonly string[]): Promise<CoapAsker> {
  const peer = startPeer(program, args);
  await peer.waitFor(/READY\n/);
  const answer = lines(peer);
  return {
    async ask({ method, path, query = [], confirmable = true, options = [], payload, szx }) {
      const pairs = options.map(({ number, value }) => [number, hex(value)]);
      const line = { method, path, query, confirmable, options: pairs, payload: payload && hex(payload), szx };
      const said = await answer(line);
      return {
        code: String(said.code),
        payload: bytes(String(said.payload)),
        options: ((said.options as [number, string][] | null) ?? []).map(([number, value]) => ({
          number,
          value: bytes(value),
        })),
      };
    },
    async observe({ path, states }) {
      const said = await answer({ method: 'GET', path, query: [], confirmable: true, options: [], observe: states });
      return (said.notifications as string[]).map(bytes);
    },
    async ping() {
      await answer({ ping: true });
    },
    stop: () => peer.stop(),
  };
}

/** Sends a line and resolves with the line that answers it. */
function lines(peer: Peer): (request: object) => Promise<Record<string, unknown>> {
  let count = 0;
  return async (request) => {
    peer.write(`${JSON.stringify(request)}\n`);
    const [, line] = await peer.waitFor(new RegExp(`READY\\n(?:\\{.*\\n){${count++}}(\\{.*)\\n`));
    const said = JSON.parse(line!);
    if (said.error !== undefined) throw new Error(String(said.error));
    return said;
  };
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const bytes = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'hex'));

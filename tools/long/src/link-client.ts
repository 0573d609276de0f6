/** A client of `link-servers.ts` as a program: does one task some times, each with a session of its own, and prints the milliseconds as JSON. */
import { type Ask, type BulkClient, bulkClient, loginAndSync, PERSON, sendMessage } from '@lb-matrix/bad-links';
import { connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { connectDtls } from '@lb-matrix/dtls-transport/node';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client/node';

/** What it is told, as JSON in its one argument. */
export interface LinkTask {
  readonly host: string;
  readonly port: number;
  readonly pin: string;
  readonly versions: string;
  readonly times: number;
  readonly act:
    | { readonly kind: 'download'; readonly bytes: number }
    /** Small requests, so many; with `during` while that many bytes come, and less what one takes without. */
    | { readonly kind: 'ask'; readonly requests: number; readonly during?: number }
    | { readonly kind: 'send'; readonly known?: boolean }
    /** `known`: once before, which does not count, the app was connected in this network. */
    | { readonly kind: 'sync'; readonly full: boolean; readonly known?: boolean };
}

const PAUSE = 150;
const { now } = nodePlatform;
const task = JSON.parse(process.argv[2]!) as LinkTask;
const stored = new Map<string, string>();
const took: number[] = [];
const isKnown = 'known' in task.act && task.act.known;
// Once without counting: Node compiles what it has not run yet.
if (task.act.kind === 'send' || task.act.kind === 'sync') await withApp((ask) => sendMessage(ask, PERSON, task.times));
for (let time = 0; time < task.times; time++) took.push(...(await runOnce(time)));
console.log(JSON.stringify(took));

async function runOnce(time: number): Promise<number[]> {
  const { act } = task;
  if (act.kind === 'send') return [await withApp((ask) => sendMessage(ask, PERSON, time))];
  if (act.kind === 'sync') return [await withApp((ask) => loginAndSync(ask, PERSON, act.full))];
  return withBulk(async (bulk) => {
    if (act.kind === 'download') return [await bulk.download(act.bytes)];
    return act.during === undefined ? asks(bulk, act.requests, 0) : asksDuring(bulk, act.requests, act.during);
  });
}

async function asks(bulk: BulkClient, requests: number, pause: number): Promise<number[]> {
  const each: number[] = [];
  for (let request = 0; request < requests; request++) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    each.push(await bulk.ask());
  }
  return each;
}

async function asksDuring(bulk: BulkClient, requests: number, bytes: number): Promise<number[]> {
  const idle = await bulk.ask();
  const whole = bulk.download(bytes);
  const each = await asks(bulk, requests, PAUSE);
  await whole;
  return each.map((ms) => ms - idle);
}

/** In a session that is there. */
async function withBulk(act: (bulk: BulkClient) => Promise<number[]>): Promise<number[]> {
  const { host, port, pin } = task;
  const pipe = await connectDtls({ host, port, pins: [pin], versions: ['1.3'] });
  const client = connect(pipe, { platform: nodePlatform });
  const each = await act(bulkClient(client, true, now));
  client.close();
  return each;
}

/** From nothing but what HTTPS has said of the server. */
async function withApp(act: (ask: Ask) => Promise<void>): Promise<number> {
  const versions = JSON.parse(task.versions);
  versions['m.low_bandwidth'].dtls = task.port;
  const lowBandwidth = createLowBandwidthFetch({
    ...(isKnown
      ? { storage: { get: (key) => stored.get(key), set: (key, value) => void stored.set(key, value) } }
      : {}),
    fetch: async () => Response.json(versions),
    onFallback: ({ url, reason }) => {
      throw new Error(`${url} went over HTTPS: ${reason}`);
    },
  });
  const begin = now();
  await act(async (method, target, token, body) => {
    const response = await lowBandwidth(`https://${task.host}/_matrix/client/v3/${target}`, {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${target}: ${response.status}`);
    return (await response.json()) as Record<string, unknown>;
  });
  const ms = now() - begin;
  await lowBandwidth.close();
  return ms;
}

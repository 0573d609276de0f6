import { type App, openApp } from './app.ts';
import { type CoapLink, openCoapLink } from './coap-link.ts';
import { type Answers, answeringHomeserver } from './homeserver.ts';
import { BROADBAND, type LinkShape, LOSSY, LOSSY_BROADBAND, RADIO } from './links.ts';
import type { Peer } from './peer.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** One row of the table: resolves with the milliseconds of each of its requests, or of the one that counts. */
export type Case = (peer: Peer, seed: number) => Promise<readonly number[]>;

/** What moves in one session that is there already. */
export const TRANSFERS: Readonly<Record<string, Case>> = {
  '1 MiB down, 2 Mbit/s, 100 ms': download(BROADBAND, MIB),
  '100 KiB down, radio': download(RADIO, 100 * KIB),
  '100 KiB down, 1 Mbit/s, 200 ms, 10 % lost': download(LOSSY_BROADBAND, 100 * KIB),
  'small requests, 200 ms, 10 % lost': async (peer, seed) => {
    const coap = openCoapLink(LOSSY, peer, seed);
    const took: number[] = [];
    for (let request = 0; request < 1000; request++) took.push(await coap.time.until(coap.ask()));
    return took;
  },
  'small requests during 1 MiB down': async (peer, seed) => {
    const coap = openCoapLink(BROADBAND, peer, seed);
    const [idle, whole] = [await coap.time.until(coap.ask()), coap.download(MIB)];
    const took: number[] = [];
    for (let request = 0; request < 20; request++) {
      await coap.time.advance(150);
      took.push((await coap.time.until(coap.ask())) - idle);
    }
    await coap.time.until(whole);
    return took;
  },
};

/** What begins with a handshake by a raw key, in DTLS 1.3, and asks a homeserver. */
export function appCases(answers: Answers): Readonly<Record<string, Case>> {
  const onLink = (shape: LinkShape, act: (app: App) => Promise<unknown>): Case => {
    return async (peer, seed) => {
      const app = openApp(shape, peer, seed, answeringHomeserver(answers));
      await app.time.until(act(app), 600_000);
      return [app.time.now()];
    };
  };
  return {
    'cold send, 200 ms, 10 % lost': onLink(LOSSY, send),
    'login and sync, 200 ms, 10 % lost': onLink(LOSSY, (app) => loginAndSync(app, '')),
    'cold send, radio': onLink(RADIO, send),
    'login and sync, radio': onLink(RADIO, (app) => loginAndSync(app, '')),
    'login and full sync, radio': onLink(RADIO, (app) => loginAndSync(app, `filter=${FULL}&`)),
  };
}

/** What apps ask for that show more than the last ten messages of a room. */
const FULL = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 50 } } }));
const ROOM = encodeURIComponent('!iyXQbKLqGjNBVHlzYZ:localhost');

function send(app: App): Promise<unknown> {
  const body = { msgtype: 'm.text', body: 'Hello World' };
  return app.ask('PUT', `rooms/${ROOM}/send/m.room.message/000001-1`, 'secret', body);
}

async function loginAndSync(app: App, query: string): Promise<void> {
  const identifier = { type: 'm.id.user', user: '@alice-b0192625:localhost' };
  const password = '0123456789abcdef0123456789abcdef';
  const login = { type: 'm.login.password', identifier, password };
  const { access_token: token } = await app.ask('POST', 'login', undefined, login);
  await app.ask('GET', `sync?${query}timeout=30000`, String(token));
}

function download(shape: LinkShape, bytes: number): Case {
  return async (peer, seed) => {
    const coap: CoapLink = openCoapLink(shape, peer, seed);
    return [await coap.time.until(coap.download(bytes))];
  };
}

import { openApp } from './app.ts';
import { type Ask, loginAndSync, PERSON, sendMessage } from './asking.ts';
import { openCoapLink } from './coap-link.ts';
import { answeringHomeserver, recordedAnswers } from './homeserver.ts';
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
export const APP_CASES: Readonly<Record<string, Case>> = {
  'cold send, 200 ms, 10 % lost': fromNothing(LOSSY, send),
  'login and sync, 200 ms, 10 % lost': fromNothing(LOSSY, (ask) => loginAndSync(ask, PERSON, false)),
  'cold send, radio': fromNothing(RADIO, send),
  'login and sync, radio': fromNothing(RADIO, (ask) => loginAndSync(ask, PERSON, false)),
  'login and full sync, radio': fromNothing(RADIO, (ask) => loginAndSync(ask, PERSON, true)),
};

/** The same of an app that has been connected in this network before, and remembers how far away the server is. */
export const RETURNING_CASES: Readonly<Record<string, Case>> = {
  'cold send, 200 ms, 10 % lost, known network': returning(LOSSY, send),
  'login and sync, 200 ms, 10 % lost, known network': returning(LOSSY, (ask) => loginAndSync(ask, PERSON, false)),
};

function send(ask: Ask): Promise<void> {
  return sendMessage(ask, PERSON, 1);
}

function fromNothing(shape: LinkShape, act: (ask: Ask) => Promise<void>): Case {
  return async (peer, seed) => {
    const { time, ask } = openApp(shape, peer, seed, answeringHomeserver(recordedAnswers));
    await time.until(act(ask), 600_000);
    return [time.now()];
  };
}

function returning(shape: LinkShape, act: (ask: Ask) => Promise<void>): Case {
  return async (peer, seed) => {
    const app = openApp(shape, peer, seed, answeringHomeserver(recordedAnswers));
    await app.time.until(send(app.ask), 600_000);
    await app.restart();
    // What still goes on at the server has ended.
    await app.time.advance(30_000);
    const begin = app.time.now();
    await app.time.until(act(app.ask), 600_000);
    return [app.time.now() - begin];
  };
}

function download(shape: LinkShape, bytes: number): Case {
  return async (peer, seed) => {
    const coap = openCoapLink(shape, peer, seed);
    return [await coap.time.until(coap.download(bytes))];
  };
}

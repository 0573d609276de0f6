import { describe, expect, it } from 'vitest';
import type { ConnectTarget } from '../src/index.ts';
import { Network } from './support/network.ts';
import { ORIGIN, type WorldOptions, world } from './support/world.ts';

const PIN = `sha256/${'A'.repeat(43)}=`;
const NEXT = `sha256/${'B'.repeat(42)}A=`;
const STRANGE = `sha256/${'C'.repeat(42)}A=`;

class PinMismatch extends Error {
  readonly code = 'ERR_DTLS_CERTIFICATE';
  readonly reason = 'pin-mismatch';
}

/** A homeserver whose /versions names keys, and a low-bandwidth server that has one. */
function pinned(keys: unknown, { url, ...options }: WorldOptions & { readonly url?: string } = {}) {
  const kept = new Map<string, string>();
  const targets: ConnectTarget[] = [];
  const state = { keys, key: PIN, probes: 0 };
  const there = world({
    server: undefined,
    storage: { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) },
    fetch: async (input) => {
      if (!String(input instanceof Request ? input.url : input).endsWith('/versions')) return Response.json({});
      state.probes++;
      const answer = Response.json({ 'm.low_bandwidth': { dtls: 8448, raw_keys: state.keys } });
      if (url !== undefined) Object.defineProperty(answer, 'url', { value: url });
      return answer;
    },
    connect: async (target) => {
      targets.push(target);
      if (target.pins !== undefined && !target.pins.includes(state.key)) throw new PinMismatch('another key');
      return network.connect(target);
    },
    ...options,
  });
  const network = new Network(there.time, there.homeserver.upstream);
  const whoami = (through?: typeof there.fetch) => there.time.until(there.ask('v3/account/whoami', {}, through));
  return { ...there, network, state, targets, whoami };
}

describe('the pins of a server', () => {
  it('come from /versions over HTTPS, and are remembered with the offer', async () => {
    const { whoami, targets, state, app, fallbacks } = pinned([PIN, NEXT]);
    await whoami();
    await whoami(app());
    expect(targets.map(({ pins }) => pins)).toEqual([
      [PIN, NEXT],
      [PIN, NEXT],
    ]);
    expect(state.probes).toBe(1);
    expect(fallbacks).toEqual([]);
  });

  it.each([
    ['none', undefined, undefined],
    ['text', PIN, undefined],
    ['what we do not know', ['sha512/xyz', 7, null, 'sha256/short'], undefined],
    ['one that we know among others', ['sha512/xyz', PIN], [PIN]],
    ['more than can be of use', Array(9).fill(PIN), Array(4).fill(PIN)],
  ])('are %s', async (_, keys, pins) => {
    const { whoami, targets } = pinned(keys);
    await whoami();
    expect(targets).toMatchObject([{ pins }]);
  });

  it('are not taken of an answer that was not verified: from http, or after a redirect to it', async () => {
    const redirected = pinned([PIN], { url: 'http://elsewhere.example/_matrix/client/versions' });
    await redirected.whoami();
    expect(redirected.targets).toMatchObject([{ pins: undefined }]);

    const clear = pinned([PIN]);
    const url = `${ORIGIN.replace('https:', 'http:')}/_matrix/client/v3/account/whoami`;
    await clear.time.until(clear.fetch(url, { headers: { authorization: 'Bearer secret' } }));
    expect(clear.targets).toMatchObject([{ pins: undefined }]);
  });

  it('are not taken of an answer over CoAP', async () => {
    const there = pinned([PIN], { server: { host: 'proxy.example.org', port: 8448 } });
    const { upstream } = there.homeserver;
    const network = new Network(there.time, async (request) => {
      const answer = await upstream(request);
      if (!request.target.endsWith('/versions')) return answer;
      const offer = { 'm.low_bandwidth': { dtls: 8448, raw_keys: [PIN] } };
      return { ...answer, body: new TextEncoder().encode(JSON.stringify(offer)) };
    });
    const targets: ConnectTarget[] = [];
    const connect = (target: ConnectTarget) => {
      targets.push(target);
      return network.connect(target);
    };
    await there.time.until(there.ask('versions', {}, there.app({ connect })));
    await there.time.until(there.ask('v3/account/whoami', {}, there.app({ connect })));
    expect(targets.map(({ pins }) => pins)).toEqual([undefined, undefined]);
  });
});

describe('a server with another key', () => {
  it('gets nothing: requests go over HTTPS, and each says why', async () => {
    const { whoami, state, fallbacks, network, fetch } = pinned([PIN]);
    state.key = STRANGE;
    for (let i = 0; i < 3; i++) expect((await whoami()).status).toBe(200);
    expect(fallbacks.map(({ reason }) => reason)).toEqual(['pin_mismatch', 'pin_mismatch', 'pin_mismatch']);
    expect(fallbacks[0]?.error).toMatchObject({ cause: { reason: 'pin-mismatch' } });
    expect(network.sightings).toEqual([]);
    expect(fetch.connection.state).toBe('fallback');
  });

  it('is asked once, though the right one was there a moment ago', async () => {
    const { whoami, state, targets, network, fallbacks } = pinned([PIN]);
    await whoami();
    state.key = STRANGE;
    network.restart();
    expect((await whoami()).status).toBe(200);
    expect(fallbacks.map(({ reason }) => reason)).toEqual(['pin_mismatch']);
    expect(targets).toHaveLength(2);
  });

  it('is taken again when the homeserver names that key over HTTPS', async () => {
    const { whoami, state, time, fallbacks } = pinned([PIN]);
    state.key = NEXT;
    await whoami();
    expect(fallbacks).toHaveLength(1);
    state.keys = [NEXT];
    await time.advance(60_000);
    await whoami(); // begins to try again, beside
    await time.advance(1_000);
    const before = fallbacks.length;
    await whoami();
    expect(fallbacks).toHaveLength(before);
    expect(state.probes).toBe(2);
  });
});

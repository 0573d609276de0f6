import { decodeMessage, OptionNumber } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { json } from './support/homeserver.ts';
import { ORIGIN, world } from './support/world.ts';

describe('what goes to the real fetch, and why:', () => {
  it.each([
    ['outside', '/.well-known/matrix/client', {}],
    ['outside', '/_matrix/media/v3/upload', { method: 'POST', body: 'png' }],
    ['media', '/_matrix/client/v1/media/download/x/y', {}],
    ['media', '/_matrix/client/unstable/org.matrix.msc3916/media/thumbnail/x/y', {}],
    ['method', '/_matrix/client/v3/account/whoami', { method: 'OPTIONS' }],
    ['body', '/_matrix/client/v3/x', { method: 'POST', body: 'png', headers: { 'content-type': 'image/png' } }],
    ['too_large', '/_matrix/client/v3/x', { method: 'POST', body: JSON.stringify('x'.repeat(300_000)) }],
    ['too_long', `/_matrix/client/v3/rooms/${'x'.repeat(256)}/state`, {}],
    ['unmappable', '/_matrix/client/v3/x', { headers: { authorization: 'Basic abc' } }],
  ])('%s: %s', async (reason, path, init) => {
    const asked: Request[] = [];
    const { time, fetch, fallbacks, network } = world({
      fetch: async (input, given) => {
        asked.push(new Request(input, given));
        return new Response('over HTTPS');
      },
    });
    const response = await time.until(fetch(ORIGIN + path, init));
    expect(await response.text()).toBe('over HTTPS');
    expect(fallbacks).toMatchObject([{ reason, url: ORIGIN + path, method: asked[0]!.method }]);
    expect(asked[0]!.url).toBe(ORIGIN + path);
    const { body = '' } = init as { body?: string };
    expect(await asked[0]!.text()).toBe(body);
    expect(network.sightings.filter(({ from }) => from === 'client')).toEqual([]);
    expect(fetch.stats().fallbacks).toBe(1);
  });

  it('a query over 255 bytes goes in a private option once the server is known to read that, over HTTPS before', async () => {
    const { time, ask, fallbacks } = world();
    const long = `v3/account/whoami?filter=${'x'.repeat(600)}`;
    expect((await time.until(ask(long))).status).toBe(200);
    expect(fallbacks.map(({ reason }) => reason)).toEqual(['too_long']);
    await time.until(ask('v3/account/whoami'));
    expect((await time.until(ask(long))).status).toBe(200);
    expect(fallbacks).toHaveLength(1);
  });
});

describe('while UDP is blocked', () => {
  it('requests go over HTTPS, and UDP is tried again: after 30 s, then ever more rarely', async () => {
    const { time, ask, network, fallbacks } = world();
    network.blocked = true;
    const started = time.now();
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
    expect(time.now() - started).toBe(15_000);
    expect(fallbacks).toMatchObject([{ reason: 'unreachable' }]);
    for (let minute = 0; minute < 120; minute++) {
      const asked = time.now();
      await time.until(ask('v3/account/whoami'));
      expect(time.now()).toBe(asked); // nobody waits for the next try
      await time.advance(60_000);
    }
    expect(network.handshakes).toBeGreaterThan(4);
    expect(network.handshakes).toBeLessThan(12);
  });

  it('a POST that nothing was sent of goes over HTTPS too', async () => {
    const { time, ask, network, homeserver } = world();
    network.blocked = true;
    expect((await time.until(ask('v3/createRoom', { method: 'POST', body: '{}' }))).status).toBe(200);
    expect(homeserver.posts).toHaveLength(1);
  });

  it('comes back to UDP', async () => {
    const { time, ask, network, fetch } = world();
    network.blocked = true;
    await time.until(ask('v3/account/whoami'));
    network.blocked = false;
    await time.advance(31_000);
    await time.until(ask('v3/account/whoami'));
    await time.advance(1000);
    expect(fetch.connection.state).toBe('connected');
    const before = fetch.stats().requests;
    await time.until(ask('v3/account/whoami'));
    expect(fetch.stats().requests).toBe(before + 1);
  });
});

describe('finding the server', () => {
  const offer = { dtls: 8448, cbor_enum_version: 1, coap_enum_version: 1 };

  function found(versions: object, status = 200) {
    const probes: string[] = [];
    const kept = new Map<string, string>();
    const there = world({
      server: undefined,
      storage: { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) },
      fetch: async (input) => {
        probes.push(new URL(input instanceof Request ? input.url : input).pathname);
        const { body } = json(status, versions);
        return new Response(new TextDecoder().decode(body), { status });
      },
    });
    return { ...there, probes, kept };
  }

  it.each(['m.low_bandwidth', 'org.matrix.msc3079.low_bandwidth'])(
    'R25, R28: by %s in /versions, once',
    async (name) => {
      const { time, ask, probes, fallbacks, app } = found({ [name]: offer });
      await Promise.all([time.until(ask('v3/account/whoami')), time.until(ask('v3/account/whoami?b'))]);
      expect(probes).toEqual(['/_matrix/client/versions']);
      // Another run of the app remembers.
      expect((await time.until(ask('v3/account/whoami', {}, app()))).status).toBe(200);
      expect(probes).toHaveLength(1);
      expect(fallbacks).toEqual([]);
    },
  );

  it('R26: integer keys are asked for where they are offered, and nowhere else', async () => {
    for (const [versions, expected] of [
      [{ 'm.low_bandwidth': offer }, true],
      [{ 'm.low_bandwidth': { dtls: 8448 } }, false],
    ] as const) {
      const { time, ask, network } = found(versions);
      await time.until(ask('v3/account/whoami'));
      // Option 257, whose value is 1, after the token's 256.
      const text = [...network.sightings[0]!.bytes].join();
      expect(text.includes(`${new TextEncoder().encode('secret')},17,1`)).toBe(expected);
    }
  });

  it('R26: a server whose address is given is asked for integer keys once it has said that it knows them', async () => {
    const kept = new Map<string, string>();
    const { time, ask, app, network } = world({
      storage: { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) },
    });
    const asks = async (through?: ReturnType<typeof app>) => {
      network.sightings.length = 0;
      await time.until(ask('v3/account/whoami', {}, through));
      const decoded = decodeMessage(network.sightings[0]!.bytes);
      return 'message' in decoded && decoded.message.options.some(({ number }) => number === OptionNumber.CborKeys);
    };
    expect(await asks()).toBe(false);
    await time.until(ask('versions'));
    expect(await asks()).toBe(true);
    expect(await asks()).toBe(false); // it is known at the server now
    expect(await asks(app())).toBe(true);
  });

  it('a server without support costs one probe in six hours, over all runs', async () => {
    const { time, ask, probes, fallbacks, app, network } = found({ versions: [] });
    for (let i = 0; i < 3; i++) await time.until(ask('v3/account/whoami'));
    await time.until(ask('v3/account/whoami', {}, app()));
    const versions = () => probes.filter((path) => path.endsWith('/versions')).length;
    expect(versions()).toBe(1);
    expect(fallbacks.map(({ reason }) => reason)).toEqual(Array(4).fill('unsupported'));
    expect(network.handshakes).toBe(0);
    await time.advance(6 * 3_600_000 + 1);
    await time.until(ask('v3/account/whoami'));
    expect(versions()).toBe(2);
  });

  it.each([{ dtls: 0 }, { dtls: '8448' }, { dtls: 70_000 }, [], null])(
    'an offer that is none (%o) is none',
    async (bad) => {
      const { time, ask, fallbacks } = found({ 'm.low_bandwidth': bad });
      await time.until(ask('v3/account/whoami'));
      expect(fallbacks).toMatchObject([{ reason: 'unsupported' }]);
    },
  );

  it('a storage that fails costs a probe', async () => {
    const { time, ask, homeserver } = world({
      server: undefined,
      storage: {
        get: () => Promise.reject(new Error('no disk')),
        set: () => {
          throw new Error('no disk');
        },
      },
    });
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
    expect(homeserver.requests.filter(({ target }) => target.endsWith('/versions'))).toHaveLength(1);
  });
});

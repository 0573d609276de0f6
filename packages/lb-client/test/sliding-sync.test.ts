import { Code, decodeMessage } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { world } from './support/world.ts';

interface SlidingBody {
  readonly pos: string;
  readonly rooms: object;
  readonly lists: object;
  readonly extensions: { readonly to_device?: { readonly next_batch: string; readonly events: object[] } };
}

function sliding(options: Parameters<typeof world>[0] = {}) {
  const there = world(options);
  const call = (pos?: string, toDevice?: string, ranges: number[][] = [[0, 20]]) =>
    there.ask(`unstable/org.matrix.simplified_msc3575/sync?timeout=30000${pos === undefined ? '' : `&pos=${pos}`}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        lists: { all: { ranges } },
        extensions: { to_device: { enabled: true, ...(toDevice === undefined ? {} : { since: toDevice }) } },
      }),
    });
  const sync = async (...args: Parameters<typeof call>) =>
    (await (await there.time.until(call(...args))).json()) as SlidingBody;
  return { ...there, call, slide: sync };
}

describe('simplified sliding sync', () => {
  it('is observed with FETCH, and pushed', async () => {
    const { time, ask, slide, call, homeserver, network, fetch, fallbacks } = sliding();
    await time.until(ask('v3/account/whoami'));
    const first = await slide();
    const waiting = call(first.pos, first.extensions.to_device?.next_batch);
    await time.advance(1000);
    network.sightings.length = 0;
    homeserver.happen('to_device');
    const second = (await (await time.until(waiting)).json()) as SlidingBody;
    expect(second.extensions.to_device?.events).toHaveLength(1);
    expect(network.sightings.map(({ from }) => from)).toEqual(['server']);
    expect(homeserver.undelivered).toHaveLength(1);
    const third = call(second.pos, second.extensions.to_device?.next_batch);
    await time.advance(1000);
    expect(homeserver.undelivered).toEqual([]);
    const body = (await (await time.until(third)).json()) as SlidingBody;
    expect(body).toEqual({ pos: second.pos, lists: { all: { count: 1, ops: [] } }, rooms: {}, extensions: {} });
    expect(fetch.stats().pushes).toBeGreaterThan(1);
    expect(fallbacks).toEqual([]);
  });

  it('registers anew when the question changes', async () => {
    const { time, ask, slide, network, homeserver } = sliding();
    await time.until(ask('v3/account/whoami'));
    const { pos, extensions } = await slide();
    network.sightings.length = 0;
    homeserver.happen();
    await slide(pos, extensions.to_device?.next_batch, [[0, 40]]);
    const codes = network.sightings
      .filter(({ from }) => from === 'client')
      .map(({ bytes }) => decodeMessage(bytes))
      .map((decoded) => ('message' in decoded ? decoded.message.code : undefined));
    // The old observation ends with one, the new one begins with the other.
    expect(codes.filter((code) => code !== 0)).toEqual([Code.FETCH, Code.FETCH]);
  });

  it('is polled with POST where it is not observed, again after a failure too', async () => {
    const { time, ask, slide, call, network, homeserver } = sliding({ observe: false });
    await time.until(ask('v3/account/whoami'));
    const { pos, extensions } = await slide();
    const waiting = call(pos, extensions.to_device?.next_batch);
    await time.advance(8000);
    network.moveClient();
    const other = ask('v3/account/whoami');
    await time.until(other);
    homeserver.happen();
    expect(((await (await time.until(waiting)).json()) as SlidingBody).rooms).not.toEqual({});
  });
});

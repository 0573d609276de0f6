import { type CoapOption, Code, OptionNumber, stringOption, uintOption } from '@lb-matrix/coap-codec';
import { createServerSession, type Deflate, Feature, PrivateOption, requestToHttp } from '@lb-matrix/msc3079-mapper';
import { nodeDeflate } from '@lb-matrix/msc3079-mapper/node';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { InitialSyncs } from '../src/initial-syncs.ts';
import { testServer } from './support/link.ts';
import { HOUR, MINUTE, SLIDING } from './support/observing.ts';
import { rawClient } from './support/raw-client.ts';
import { syncHomeserver } from './support/sync-homeserver.ts';
import { json } from './support/upstream.ts';

const GUESS = 'guess guess guess guess';
const SECRET = 'what another room says';
const ALL = Feature.Tables2 | Feature.Base64 | Feature.Deflate | Feature.ExactCodes;

const room = (body: string) => ({ timeline: { events: [{ type: 'm.room.message', content: { body } }] } });
const everything = (position: string) =>
  json(200, {
    next_batch: position,
    pos: position,
    rooms: { join: { '!guess:l': room(GUESS), '!secret:l': room(SECRET) } },
  });

/** Options of a request with a token that asks for all forms. */
const asking = (secret: string): CoapOption[] => [
  stringOption(OptionNumber.Authorization, secret),
  uintOption(PrivateOption.Features, ALL),
];

/** A server whose compressor is looked into, and clients that ask for everything. */
function setUp() {
  const platform = new VirtualTime();
  const homeserver = syncHomeserver(platform);
  const fed: string[] = [];
  const deflate: Deflate = {
    ...nodeDeflate(),
    compress(data, dictionary) {
      fed.push(new TextDecoder('latin1').decode(data));
      return nodeDeflate().compress(data, dictionary);
    },
  };
  const { listener } = testServer({ platform, upstream: homeserver.upstream, tables: 2, compression: { deflate } });
  const announce = (bits: number): CoapOption[] => [uintOption(PrivateOption.Features, bits)];
  /** Asks on a session of its own. Returns whether one stream had what both rooms say, and which streams there were. */
  const sync = async (
    query: readonly string[],
    {
      secret = 'alice',
      bits = ALL,
      ...rest
    }: Partial<{ secret: string; bits: number; path: string; code: number }> = {},
  ) => {
    homeserver.instead.push(everything('s1'));
    fed.length = 0;
    const client = rawClient(platform, listener);
    client.register(query, { options: announce(bits), secret, ...rest });
    await platform.advance(0);
    const answer = client.received().at(-1)!;
    return {
      client,
      answer,
      streams: fed.length,
      together: fed.some((input) => input.includes(GUESS) && input.includes(SECRET)),
    };
  };
  return { platform, homeserver, fed, sync };
}

describe('an initial /sync', () => {
  it('is one stream once for a token and hour, and cut by room from then on', async () => {
    const { platform, sync } = setUp();
    expect(await sync([])).toMatchObject({ streams: 1, together: true });
    for (const _ of [1, 2, 3]) {
      await platform.advance(19 * MINUTE);
      expect(await sync([])).toMatchObject({ together: false });
    }
    await platform.advance(3 * MINUTE);
    expect(await sync(['filter=1'])).toMatchObject({ streams: 1, together: true });
    expect(await sync([])).toMatchObject({ together: false });
  });

  it('counts for each token by itself', async () => {
    const { sync } = setUp();
    expect(await sync([], { secret: 'alice' })).toMatchObject({ together: true });
    expect(await sync([], { secret: 'bob' })).toMatchObject({ together: true });
    expect(await sync([], { secret: 'alice' })).toMatchObject({ together: false });
  });

  it('is one by sliding sync too, which has the same hour', async () => {
    const { sync } = setUp();
    const sliding = { path: SLIDING, code: 5 };
    expect(await sync([], sliding)).toMatchObject({ streams: 1, together: true });
    expect(await sync([], sliding)).toMatchObject({ together: false });
    expect(await sync([])).toMatchObject({ together: false });
  });

  it('does not use the hour up where nothing is compressed', async () => {
    const { sync } = setUp();
    expect(await sync([], { bits: Feature.ExactCodes })).toMatchObject({ streams: 0 });
    expect(await sync([])).toMatchObject({ streams: 1, together: true });
  });

  it('is nothing with a position', async () => {
    const { sync } = setUp();
    for (const query of [['since=s0'], ['since=']]) expect(await sync(query)).toMatchObject({ together: false });
    expect(await sync([])).toMatchObject({ together: true });
  });

  it('is followed by pushes that are cut by room', async () => {
    const { platform, homeserver, fed, sync } = setUp();
    const { client, answer } = await sync([]);
    fed.length = 0;
    homeserver.instead.push(everything('s2'));
    client.ack(answer);
    await platform.advance(2 * MINUTE);
    expect(fed.length).toBeGreaterThan(1);
    for (const input of fed) expect(input.includes(GUESS) && input.includes(SECRET)).toBe(false);
  });

  it('has a bounded memory: tokens beyond it are cut', async () => {
    const { platform, sync } = setUp();
    expect(await sync([], { secret: 'x'.repeat(1025) })).toMatchObject({ together: false });
    await platform.advance(HOUR);
    expect(await sync([], { secret: 'x'.repeat(1024) })).toMatchObject({ together: true });

    const initialSyncs = new InitialSyncs(platform);
    const session = createServerSession({ compression: { deflate: nodeDeflate() } });
    const rule = (secret: string) => {
      const options = [stringOption(OptionNumber.UriPath, '7'), ...asking(secret)];
      const mapped = requestToHttp({ code: Code.GET, options, payload: new Uint8Array() }, session);
      return initialSyncs.admit(mapped, session).answer.compression;
    };
    for (let i = 0; i < 16_384; i++) expect(rule(`t${i}`)).toBe('once');
    expect(rule('one-more')).toBe('parts');
    await platform.advance(HOUR);
    expect(rule('one-more')).toBe('once');
  });
});

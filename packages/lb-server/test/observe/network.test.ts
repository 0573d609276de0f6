import { decodeToJson } from '@lb-matrix/lb-cbor-keys';
import { VirtualTime } from '@lb-matrix/virtual-network';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TestSession, testServer } from '../support/link.ts';
import { type SyncHomeserver, syncHomeserver } from '../support/sync-homeserver.ts';
import { json } from '../support/upstream.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

interface Network {
  /** Of a hundred datagrams, how many are lost, and how many arrive twice. */
  readonly loss: number;
  readonly twice: number;
  /** The longest delay one way; each datagram has one of its own, so they overtake each other. */
  readonly delay: number;
}

interface Answer {
  readonly next_batch: string;
  readonly to_device?: { readonly events: readonly { readonly content: number }[] };
}

/** Pseudo-random integers below `n`. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
}

/**
 * A client as ours is: it acknowledges what it has consumed when it asks for more, starts again from the last next_batch
 * that it has consumed, and takes a keep-alive that fails for the end of the connection.
 */
class Client {
  readonly consumed: number[] = [];
  since = 's0';
  readonly #connect: () => TestSession;
  readonly #platform: VirtualTime;
  #session: TestSession | undefined;
  #stopped = false;

  constructor(platform: VirtualTime, connect: () => TestSession) {
    this.#platform = platform;
    this.#connect = connect;
    void this.#run();
  }

  /** It crashes, wherever it is, and starts again a second later. */
  crash(): void {
    this.#session?.cut();
    this.#session?.client.close();
  }

  stop(): void {
    this.#stopped = true;
    this.crash();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const session = this.#connect();
      this.#session = session;
      const target = `/_matrix/client/v3/sync?since=${this.since}`;
      const request = session.map('GET', target, { token: 'alice' });
      const keepAlive = this.#keepAlive(session);
      try {
        for await (const { code, payload } of session.client.observe(request, {
          acknowledgeConsumed: true,
          reregister: false,
        })) {
          if (code !== 0x45) break;
          await this.#consume(session, JSON.parse(new TextDecoder().decode(decodeToJson(payload))));
        }
      } catch {
        // Given up: it tries again.
      }
      keepAlive();
      session.cut();
      session.client.close();
      await new Promise<void>((resolve) => this.#platform.setTimer(SECOND, resolve));
    }
  }

  /** Takes a moment, and is all or nothing. */
  async #consume(session: TestSession, { next_batch, to_device }: Answer): Promise<void> {
    if (next_batch === this.since) return;
    await new Promise<void>((resolve) => this.#platform.setTimer(100, resolve));
    if (session !== this.#session || this.#stopped || session.closed()) return;
    this.consumed.push(...(to_device?.events ?? []).map(({ content }) => content));
    this.since = next_batch;
  }

  #keepAlive(session: TestSession): () => void {
    let cancel: () => void = () => {};
    const ping = (): void => {
      cancel = this.#platform.setTimer(25 * SECOND, () => {
        session.client.ping().then(ping, () => {
          session.cut();
          session.client.close();
        });
      });
    };
    ping();
    return () => cancel();
  }
}

/** What a client consumes of `count` messages, on a network, with a homeserver that fails and a client that crashes. */
async function deliver(network: Network, seed: number, count: number, troubles: number): Promise<number[]> {
  const random = dice(seed);
  const platform = new VirtualTime(seed);
  const homeserver: SyncHomeserver = syncHomeserver(platform);
  const { session, server } = testServer({ platform, upstream: homeserver.upstream });
  const carry = (): number[] => {
    if (random(100) < network.loss) return [];
    const copies = random(100) < network.twice ? 2 : 1;
    return Array.from({ length: copies }, () => random(network.delay + 1));
  };
  const client = new Client(platform, () => session({ carry }));
  for (let i = 0; i < count; i++) {
    homeserver.send(i);
    const trouble = random(100) < troubles ? random(4) : undefined;
    if (trouble === 0) client.crash();
    else if (trouble === 1) homeserver.instead.push(json(502, {}), json(429, { retry_after_ms: 3000 }));
    else if (trouble === 2) homeserver.stir();
    else if (trouble === 3) await platform.advance(3 * MINUTE);
    await platform.advance(random(5 * SECOND));
  }
  for (let i = 0; i < 30 && client.consumed.length < count; i++) await platform.advance(MINUTE);
  client.stop();
  const closed = server.close({ graceful: 0 });
  await platform.advance(SECOND);
  await closed;
  return client.consumed;
}

const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('every message is consumed once, in order', () => {
  it('on a good network', async () => {
    expect(await deliver({ loss: 0, twice: 0, delay: 20 }, 1, 50, 0)).toEqual(all(50));
  });

  it('when every datagram arrives twice', async () => {
    expect(await deliver({ loss: 0, twice: 100, delay: 300 }, 2, 30, 0)).toEqual(all(30));
  });

  it('at 400 ms and 10 % loss', async () => {
    expect(await deliver({ loss: 10, twice: 0, delay: 400 }, 3, 50, 0)).toEqual(all(50));
  });

  it('when the client crashes and the homeserver fails now and then', async () => {
    expect(await deliver({ loss: 0, twice: 0, delay: 50 }, 4, 50, 60)).toEqual(all(50));
  });

  it('property: whatever the network loses, repeats and reorders, whoever crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          loss: fc.integer({ min: 0, max: 30 }),
          twice: fc.integer({ min: 0, max: 50 }),
          delay: fc.integer({ min: 0, max: 3000 }),
        }),
        fc.integer({ min: 1, max: 1_000_000 }),
        async (network, seed) => {
          expect(await deliver(network, seed, 15, 40)).toEqual(all(15));
        },
      ),
      { seed: 7641, numRuns: 40 },
    );
  }, 60_000);
});

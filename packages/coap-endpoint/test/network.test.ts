import { Code, Type } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { type CoapResponse, EndpointError, type IncomingRequest } from '../src/index.ts';
import { bodyOf, content, get, path, put } from './support/messages.ts';
import { type PairOptions, pair } from './support/pair.ts';
import { seeded } from './support/random.ts';

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1);
const name = ({ options }: IncomingRequest) => options.map(({ value }) => new TextDecoder().decode(value)).join('/');

describe('a network that loses, repeats and reorders', () => {
  const bad: PairOptions = { loss: 0.2, duplication: 0.2, delay: 50, jitter: 300, maxPayload: 200 };

  it.each(SEEDS)('answers each request or fails it cleanly, and executes it once (seed %i)', async (seed) => {
    const calls = new Map<string, number>();
    const random = seeded(seed + 1000);
    const { time, link, client, server } = pair(
      async (request) => {
        const key = name(request);
        calls.set(key, (calls.get(key) ?? 0) + 1);
        const delay = random() < 0.5 ? 0 : random() * 3000;
        if (delay > 0) await new Promise<void>((resolve) => void time.setTimer(delay, resolve));
        return content(request.payload.length > 0 ? request.payload : bodyOf(600, key.length));
      },
      { ...bad, seed, connect: { transmission: { nstart: 4 } } },
    );
    const requests = Array.from({ length: 24 }, (_, i) => {
      const body = i % 3 === 0 ? undefined : bodyOf(Math.floor(random() * 2000), i);
      const request = body === undefined ? get('r', String(i)) : put(body, 'r', String(i));
      return { i, body: body ?? bodyOf(600, `r/${i}`.length), result: client.request(request) };
    });
    const results = await time.until(Promise.allSettled(requests.map(({ result }) => result)));
    results.forEach((result, i) => {
      if (result.status === 'rejected') {
        expect(result.reason).toBeInstanceOf(EndpointError);
        expect(result.reason.code).toBe('timed_out');
      } else {
        expect(result.value.code).toBe(Code.Content);
        expect(result.value.payload).toEqual(requests[i]!.body);
      }
    });
    // At 20 % loss a message with its answer is lost five times in a row once in 150 times.
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(16);
    for (const count of calls.values()) expect(count).toBe(1);
    expect(link.log.some(({ message }) => message?.type === Type.RST)).toBe(false);

    client.close();
    await time.until(server.close());
    expect(time.timers).toBeLessThanOrEqual(4);
  });

  it('carries 64 KiB over datagrams of 200 bytes at 20 % loss, both ways', async () => {
    const body = bodyOf(65_536);
    const { time, link, client, server } = pair((request) => content(request.payload), {
      seed: 5,
      loss: 0.2,
      duplication: 0.1,
      delay: 20,
      jitter: 40,
      maxPayload: 200,
      // A block of 128 bytes takes a round trip, so one in 170 of them would be given up with the default of 4.
      connect: { transmission: { maxRetransmit: 10 } },
    });
    const response = await time.until(client.request(put(body, 'big')), 24 * 3_600_000);
    expect(Buffer.from(response.payload).equals(body)).toBe(true);
    expect(server.stats().requests).toBe(1);
    expect(Math.max(...link.log.map(({ hex }) => hex.length / 2))).toBeLessThanOrEqual(200);
  }, 30_000);

  it('works over datagrams of any size from 64 bytes up', async () => {
    for (let maxPayload = 64; maxPayload <= 1500; maxPayload += 39) {
      const { time, client } = pair((request) => content(request.payload), { maxPayload });
      const response = await time.until(client.request(put(bodyOf(1600, maxPayload), 'p')));
      expect(Buffer.compare(response.payload, bodyOf(1600, maxPayload))).toBe(0);
    }
  }, 30_000);

  it('keeps concurrent transfers apart', async () => {
    const { time, client } = pair((request) => content(bodyOf(5000, name(request).length)), {
      ...bad,
      seed: 9,
      connect: { transmission: { nstart: 8, maxRetransmit: 8 } },
    });
    const lengths = [1, 2, 3, 4, 5, 6, 7, 8];
    const responses = lengths.map((n) => client.request(get('x'.repeat(n))));
    const same = [client.request(get('x')), client.request(get('x'))];
    const bodies = await time.until(Promise.all([...responses, ...same]));
    bodies.forEach(({ payload }, i) => {
      expect(payload).toEqual(bodyOf(5000, lengths[i] ?? 1));
    });
  });
});

describe('lost separate response', () => {
  it('is sent again when exactly that datagram is lost: the request does not hang', async () => {
    let dropped = 0;
    const { time, link, client } = pair(
      async () => {
        await new Promise<void>((resolve) => void time.setTimer(5000, resolve));
        return content('at last');
      },
      {
        drop: ({ from, message }) => {
          const separate = from === 'server' && message?.code === Code.Content;
          return separate && dropped++ === 0;
        },
      },
    );
    const response = await time.until(client.request(get('slow')), 60_000);
    expect(new TextDecoder().decode(response.payload)).toBe('at last');
    const codes = link.log.map(({ from, message }) => `${from} ${message!.type} ${message!.code.toString(16)}`);
    expect(codes).toEqual(['client 0 1', 'server 2 0', 'server 0 45', 'server 0 45', 'client 2 0']);
    // The response has a Message ID of its own, and the same one both times.
    const [request, ack, first, second, last] = link.log.map(({ message }) => message!.messageId);
    expect([ack, second, last]).toEqual([request, first, first]);
    expect(first).not.toBe(request);
  });

  it('is acknowledged again when the acknowledgement is lost', async () => {
    let acks = 0;
    let calls = 0;
    const { time, client, server } = pair(
      (request) => {
        calls++;
        request.acknowledge();
        return new Promise<CoapResponse>((resolve) => void time.setTimer(1000, () => resolve(content('ok'))));
      },
      { drop: ({ from, message }) => from === 'client' && message?.type === Type.ACK && acks++ < 2 },
    );
    await time.until(client.request(get('slow')));
    await time.advance(60_000);
    expect(server.stats().retransmissions).toBe(2);
    expect(client.stats().duplicates).toBe(2);
    expect(calls).toBe(1);
  });

  it('that arrives before the empty ACK completes the request (RFC 7252 5.2.2)', async () => {
    const { time, client } = pair(
      (request) => {
        request.acknowledge();
        return Promise.resolve(content('ok'));
      },
      { drop: ({ from, message }) => from === 'server' && message?.type === Type.ACK },
    );
    await time.until(client.request(get('a')));
    await time.advance(100_000);
    expect(client.stats().retransmissions).toBe(0);
  });
});

describe('a lost request or answer', () => {
  it('is repeated; the handler is called once', async () => {
    for (const victim of ['client', 'server']) {
      let lost = 0;
      const { time, client, server } = pair(() => content('ok'), { drop: ({ from }) => from === victim && lost++ < 3 });
      const response = await time.until(client.request(get('a')));
      expect(response).toEqual(content('ok'));
      expect(client.stats().retransmissions).toBe(3);
      expect(server.stats().requests).toBe(1);
      expect(server.stats().duplicates).toBe(victim === 'client' ? 0 : 3);
    }
  });

  it('fails after MAX_TRANSMIT_WAIT when it stays lost', async () => {
    const { time, client } = pair(() => content('ok'), { loss: 1 });
    await expect(time.until(client.request(get('a')))).rejects.toMatchObject({ reason: 'no_acknowledgement' });
    expect(time.now()).toBeGreaterThanOrEqual(62_000);
    expect(time.now()).toBeLessThanOrEqual(93_000);
  });
});

describe('what goes over the wire', () => {
  it('is two datagrams for a request with a quick answer, four with a slow one', async () => {
    const quick = pair(() => content('ok'));
    await quick.time.until(quick.client.request({ code: Code.GET, options: path('a') }));
    expect(quick.link.log).toHaveLength(2);
    const slow = pair((request) => {
      request.acknowledge();
      return new Promise<CoapResponse>((resolve) => void slow.time.setTimer(9000, () => resolve(content('ok'))));
    });
    await slow.time.until(slow.client.request(get('a')));
    expect(slow.link.log).toHaveLength(4);
  });

  it('is as many round trips as there are blocks', async () => {
    const { time, link, client } = pair(() => content(bodyOf(10_000)));
    await time.until(client.request(get('a')));
    expect(link.log).toHaveLength(2 * 10);
    expect(client.stats()).toMatchObject({ datagramsSent: 10, datagramsReceived: 10, roundTrips: 10 });
    const bytes = (from: string) =>
      link.log.filter((sent) => sent.from === from).reduce((sum, { hex }) => sum + hex.length / 2, 0);
    expect(client.stats()).toMatchObject({ bytesSent: bytes('client'), bytesReceived: bytes('server') });
  });
});

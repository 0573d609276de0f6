import { Code, OptionNumber, stringValues } from '@lb-matrix/coap-codec';
import type { LinkOptions } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import type { Handler, IncomingRequest, Observation } from '../src/index.ts';
import { pathWithLimit } from './support/black-hole.ts';
import { randomBody } from './support/bodies.ts';
import { content, get, put } from './support/messages.ts';

const KIB_100 = randomBody(102_400, 1);
const LINK: LinkOptions = { down: { rate: 1e6, delay: 50 }, up: { rate: 1e6, delay: 50 } };
const LIMITS = [900, 700, 400, 230];

const pathOf = ({ options }: IncomingRequest): string => stringValues(options, OptionNumber.UriPath)!.join('/');
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe.each([
  { ends: 'ends that agreed', agree: true, most: 60_000 },
  { ends: 'strangers', agree: false, most: 180_000 },
])('between $ends, over a path that loses what is long', ({ agree, most }) => {
  it.each(LIMITS)('a body of 100 KiB arrives up where %i bytes pass', async (limit) => {
    const received: Uint8Array[] = [];
    const path = await pathWithLimit(
      (request) => {
        if (pathOf(request) === 'in') received.push(request.payload);
        return content('ok');
      },
      agree,
      LINK,
    );
    path.limit.up = limit;
    path.limit.down = limit;
    const start = path.time.now();
    await path.time.until(path.client.request(put(KIB_100, 'in')));
    expect(path.time.now() - start).toBeLessThan(most);
    expect(received.length).toBe(1);
    expect(same(received[0]!, KIB_100)).toBe(true);
  });

  it.each(LIMITS)('a body of 100 KiB arrives down where %i bytes pass', async (limit) => {
    const path = await pathWithLimit((request) => content(pathOf(request) === 'out' ? KIB_100 : ''), agree, LINK);
    path.limit.up = limit;
    path.limit.down = limit;
    const start = path.time.now();
    const { payload } = await path.time.until(path.client.request(get('out')));
    expect(path.time.now() - start).toBeLessThan(most);
    expect(same(payload, KIB_100)).toBe(true);
  });

  it.each(LIMITS)('a separate response of 100 KiB arrives where %i bytes pass', async (limit) => {
    let wait: Promise<void> = Promise.resolve();
    const handler: Handler = async (request) => {
      if (pathOf(request) !== 'out') return content('');
      request.acknowledge();
      await wait;
      return content(KIB_100);
    };
    const path = await pathWithLimit(handler, agree, LINK);
    path.limit.down = limit;
    wait = new Promise((done) => void path.time.setTimer(1000, done));
    const start = path.time.now();
    const { payload } = await path.time.until(path.client.request(get('out')));
    expect(path.time.now() - start).toBeLessThan(most);
    expect(same(payload, KIB_100)).toBe(true);
  });

  it.each(LIMITS)('a push of 1000 bytes and one of 100 KiB arrive where %i bytes pass', async (limit) => {
    let observation: Observation | undefined;
    const path = await pathWithLimit(
      (request) => {
        if (pathOf(request) === 'news') observation = request.observe();
        return content('');
      },
      agree,
      LINK,
    );
    const news = path.client.observe(get('news'), { reregister: false });
    await path.time.until(news.next());
    path.limit.down = limit;
    const start = path.time.now();
    for (const body of [KIB_100.subarray(0, 1000), KIB_100]) {
      const next = news.next();
      void observation!.notify(content(body), { confirmable: true });
      const { value } = await path.time.until(next);
      expect(same(value!.payload, body)).toBe(true);
    }
    expect(path.time.now() - start).toBeLessThan(2 * most);
  });
});

describe('over a path that loses what is long', () => {
  it('the next body goes in short blocks from the start, and one after some time in longer ones if they pass', async () => {
    const path = await pathWithLimit(() => content(''), false, LINK);
    path.limit.up = 700;
    await path.time.until(path.client.request(put(KIB_100, 'in')));
    path.sent.up.length = 0;
    await path.time.until(path.client.request(put(KIB_100.subarray(0, 4096), 'in')));
    expect(Math.max(...path.sent.up)).toBeLessThanOrEqual(640);
    path.limit.up = Number.POSITIVE_INFINITY;
    await path.time.advance(600_000);
    await path.time.until(path.client.ping());
    path.sent.up.length = 0;
    await path.time.until(path.client.request(put(KIB_100.subarray(0, 4096), 'in')));
    expect(Math.max(...path.sent.up)).toBeGreaterThan(1024);
  });

  it('the rest of a transfer goes in short blocks where the path changes in the middle', async () => {
    const received: Uint8Array[] = [];
    const path = await pathWithLimit(
      ({ payload }) => {
        received.push(payload);
        return content('');
      },
      false,
      LINK,
    );
    const response = path.client.request(put(KIB_100, 'in'));
    await path.time.advance(2000);
    path.limit.up = 700;
    await path.time.until(response);
    expect(received.at(-1)!.length).toBe(KIB_100.length);
    expect(same(received.at(-1)!, KIB_100)).toBe(true);
  });

  it('a POST that fits a message is not sent as another, since it may have had its effect', async () => {
    const path = await pathWithLimit(() => content(''), false, LINK);
    path.limit.up = 700;
    const post = path.client.request({ ...put(KIB_100.subarray(0, 1000), 'in'), code: Code.POST });
    await expect(path.time.until(post)).rejects.toThrow('no acknowledgement in time');
    expect(path.sent.up.filter((length) => length > 4 && length < 1000)).toHaveLength(2);
  });

  it('an outage is none: nothing is divided', async () => {
    const path = await pathWithLimit(() => content(''), true, LINK);
    path.limit.up = 0;
    const response = path.client.request(put(KIB_100, 'in'));
    await path.time.advance(20_000);
    path.limit.up = Number.POSITIVE_INFINITY;
    await path.time.until(response);
    expect(path.sent.up.filter((length) => length > 300 && length < 1000)).toEqual([]);
  });

  it('options that are longer than the blocks should be are sent all the same', async () => {
    const path = await pathWithLimit(() => content('ok'), false, LINK);
    path.limit.up = 230;
    await path.time.until(path.client.request(put(KIB_100.subarray(0, 2000), 'in')));
    path.limit.up = Number.POSITIVE_INFINITY;
    const long = 'x'.repeat(250);
    const { payload } = await path.time.until(path.client.request(put(KIB_100.subarray(0, 2000), long, long)));
    expect(new TextDecoder().decode(payload)).toBe('ok');
  });
});

describe.each([
  { ends: 'ends that agreed', agree: true, loss: 0.1 },
  { ends: 'ends that agreed', agree: true, loss: 0.2 },
  // RFC 7252 gives a message up after five losses, which at 20 % each way happens.
  { ends: 'strangers', agree: false, loss: 0.1 },
])('between $ends, with $loss of all packets lost whatever their length', ({ agree, loss }) => {
  it('blocks are as long as ever, or soon are again', async () => {
    let long = 0;
    let all = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const path = await pathWithLimit(() => content(KIB_100), agree, { ...LINK, loss, seed });
      await path.time.until(path.client.request(get('out')));
      for (const length of path.sent.down) {
        if (length > 250) all++;
        if (length > 1000) long++;
      }
    }
    expect(long / all).toBeGreaterThan(0.9);
  });
});

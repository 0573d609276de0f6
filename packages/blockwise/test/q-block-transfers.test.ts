import { Code, OptionNumber } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BlockSchedule,
  findBlock,
  fits,
  type MessagePart,
  nonTiming,
  promptTiming,
  QBlock1Sender,
  QBlock2Receiver,
  QBlock2Sender,
  type QBlockTiming,
  type Report,
  readBlockRequest,
  readUploadReport,
  reportOptions,
  ServerTransfers,
  uploadReport,
} from '../src/index.ts';
import { bodyOf, part, path, WIDE } from './support.ts';

interface Network {
  readonly loss: number;
  readonly delay: number;
  readonly jitter: number;
  readonly duplication: number;
  readonly seed: number;
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Events in virtual time, and a network that loses, repeats and reorders. */
class World {
  now = 0;
  readonly #events: { at: number; run: () => void }[] = [];
  readonly #random: () => number;
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
    this.#random = seeded(network.seed);
  }

  at(at: number, run: () => void): void {
    let index = this.#events.length;
    while (index > 0 && this.#events[index - 1]!.at > at) index--;
    this.#events.splice(index, 0, { at, run });
  }

  carry(arrive: () => void): void {
    const { loss, delay, jitter, duplication } = this.#network;
    for (let copies = this.#random() < duplication ? 2 : 1; copies > 0; copies--) {
      if (this.#random() >= loss) this.at(this.now + delay + this.#random() * jitter, arrive);
    }
  }

  run(until: () => boolean): void {
    while (!until() && this.#events.length > 0) {
      const { at, run } = this.#events.shift()!;
      this.now = Math.max(this.now, at);
      run();
    }
  }
}

/** A sender that may send `window` blocks beyond those that it knows to be there, or a set after each pause. */
class Pacer {
  readonly schedule: BlockSchedule<number>;
  readonly #world: World;
  readonly #send: (num: number) => void;
  readonly #window: number;
  readonly #pause: number | undefined;
  #flying = 0;
  #tokens = 0;
  #waking = false;
  sent = 0;
  ended = false;

  constructor(world: World, count: number, send: (num: number) => void, window: number, pause: number | undefined) {
    this.schedule = new BlockSchedule(count);
    this.#world = world;
    this.#send = send;
    this.#window = window;
    this.#pause = pause;
  }

  take(report: Report): void {
    const settled = () => void this.#flying--;
    this.schedule.take(report, { delivered: settled, lost: settled }, this.#world.now);
    if (this.#pause !== undefined) this.#flying = 0;
    this.pump();
  }

  pump(): void {
    for (let num = this.schedule.next(); num !== undefined && !this.ended; num = this.schedule.next()) {
      if (this.#flying >= this.#window) {
        this.#wait();
        return;
      }
      this.schedule.sent(num, this.#tokens++, this.#world.now);
      this.#flying++;
      this.sent++;
      this.#send(num);
    }
  }

  #wait(): void {
    if (this.#pause === undefined || this.#waking) return;
    this.#waking = true;
    this.#world.at(this.#world.now + this.#pause, () => {
      this.#waking = false;
      this.#flying = 0;
      this.pump();
    });
  }
}

/** Calls `tell` whenever a receiver has a report, until it has no more or gives up. */
function reporting(
  world: World,
  receiver: { nextReport(): number | undefined; report(now: number): Report | 'stale' | undefined },
  tell: (report: Report) => void,
  stale: () => void,
): () => void {
  let waiting: number | undefined;
  const check = () => {
    const report = receiver.report(world.now);
    if (report === 'stale') return stale();
    if (report !== undefined) tell(report);
    const next = receiver.nextReport();
    if (next === undefined || (waiting !== undefined && waiting <= next)) return;
    waiting = next;
    world.at(next, () => {
      waiting = undefined;
      check();
    });
  };
  return check;
}

interface Result {
  readonly bodies: Uint8Array[];
  readonly stale: boolean;
  readonly sent: number;
  readonly reports: number;
  readonly time: number;
}

function download(body: Uint8Array, szx: number, timing: QBlockTiming, network: Network): Result {
  const world = new World(network);
  const brief = timing.report !== undefined;
  const sender = new QBlock2Sender(part(Code.Content, path('x'), body), szx, WIDE, brief);
  const receiver = new QBlock2Receiver(1_000_000, timing);
  const bodies: Uint8Array[] = [];
  let stale = false;
  let reports = 0;
  const pacer = new Pacer(
    world,
    sender.count,
    (num) => {
      const message = sender.block(num);
      expect(fits(message, WIDE)).toBe(true);
      world.carry(() => {
        if (stale) return;
        const block = findBlock(message.options, OptionNumber.QBlock2);
        if (block === undefined || block === 'invalid') throw new Error('no block');
        const before = receiver.received;
        const outcome = receiver.accept(message, block, world.now);
        if (outcome === 'complete') {
          if (receiver.received > before) bodies.push(receiver.take().payload);
        } else expect(outcome).toBe('more');
        check();
      });
    },
    brief ? 20 : timing.maxPayloads,
    brief ? undefined : 2500,
  );
  const check = reporting(
    world,
    receiver,
    (report) => {
      reports++;
      const options = reportOptions(report, receiver.szx);
      world.carry(() => pacer.take(readBlockRequest(options, timing.maxPayloads) as Report));
    },
    () => {
      stale = true;
      pacer.ended = true;
    },
  );
  // The first block is there whatever happens: it goes in a CON or in an ACK.
  world.at(0, () => {
    const first = sender.block(0);
    pacer.schedule.sent(0, undefined, 0);
    expect(receiver.accept(first, { num: 0, more: sender.count > 1, szx: sender.szx }, 0)).toBe('more');
    check();
    pacer.pump();
  });
  world.run(() => bodies.length > 0 || stale);
  const time = world.now;
  world.run(() => false);
  return { bodies, stale, sent: pacer.sent, reports, time };
}

function upload(body: Uint8Array, timing: QBlockTiming, network: Network): Result {
  const world = new World(network);
  const brief = timing.report !== undefined;
  const transfers = new ServerTransfers();
  const peer = {};
  const request = part(Code.PUT, path('x'), body);
  const sender = new QBlock1Sender(request, Uint8Array.of(7), { ...WIDE, maxMessageBytes: 300 });
  const bodies: Uint8Array[] = [];
  let stale = false;
  let reports = 0;
  let check: (() => void) | undefined;
  const arrive = (message: MessagePart) => {
    if (stale) return;
    const arrival = transfers.receiveQBlock1(peer, message, timing, world.now);
    if (arrival.kind === 'answer') throw new Error('an answer');
    if (arrival.kind === 'request') {
      bodies.push(arrival.request.payload);
      arrival.ticket.release?.();
      pacer.ended = true;
    }
    if (arrival.kind !== 'partial') return;
    const { upload: receiver } = arrival;
    check ??= reporting(
      world,
      receiver,
      (report) => {
        if (bodies.length > 0) return;
        reports++;
        const response = uploadReport(report, receiver.body.szx);
        world.carry(() => pacer.take(readUploadReport(response)!));
      },
      () => {
        stale = bodies.length === 0;
        pacer.ended = true;
      },
    );
    check();
  };
  const pacer = new Pacer(
    world,
    sender.count,
    (num) => {
      const message = sender.block(num);
      world.carry(() => arrive(message));
    },
    brief ? 20 : timing.maxPayloads,
    brief ? undefined : 2500,
  );
  world.at(0, () => {
    pacer.schedule.sent(0, undefined, 0);
    arrive(sender.block(0));
    pacer.pump();
  });
  world.run(() => bodies.length > 0 || stale);
  const time = world.now;
  world.run(() => false);
  return { bodies, stale, sent: pacer.sent, reports, time };
}

const NONE: Network = { loss: 0, delay: 50, jitter: 0, duplication: 0, seed: 1 };
const networks: fc.Arbitrary<Network> = fc.record({
  loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delay: fc.constantFrom(1, 20, 100, 600),
  jitter: fc.constantFrom(0, 10, 300),
  duplication: fc.constantFrom(0, 0.2),
  seed: fc.nat(0xffff),
});
const sizes = fc.integer({ min: 300, max: 20_000 });
const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

describe.each([
  ['of RFC 9177', nonTiming()],
  ['of ends that agreed', promptTiming(200)],
])('with the times %s', (_name, timing) => {
  it('a response arrives once, and whole, over any network, or is given up', () => {
    fc.assert(
      fc.property(sizes, networks, (size, network) => {
        const { bodies, stale } = download(bodyOf(size), 4, timing, network);
        expect(bodies.length).toBe(stale ? 0 : 1);
        if (!stale) expect(same(bodies[0], bodyOf(size))).toBe(true);
        if (network.loss < 0.2) expect(stale).toBe(false);
      }),
      { seed: 91_771, numRuns: 150 },
    );
  });

  it('a request arrives once, and whole, over any network, or is given up', () => {
    fc.assert(
      fc.property(sizes, networks, (size, network) => {
        const { bodies, stale } = upload(bodyOf(size), timing, network);
        expect(bodies.length).toBe(stale ? 0 : 1);
        if (!stale) expect(same(bodies[0], bodyOf(size))).toBe(true);
        if (network.loss < 0.2) expect(stale).toBe(false);
      }),
      { seed: 91_772, numRuns: 150 },
    );
  });

  it('nothing is sent twice without loss', () => {
    const body = bodyOf(20_000);
    expect(download(body, 4, timing, NONE).sent).toBe(Math.ceil(20_000 / 256) - 1);
    expect(upload(body, timing, NONE).sent).toBe(Math.ceil(20_000 / 256) - 1);
  });
});

describe('a set of RFC 9177', () => {
  it('is confirmed by a Continue when it is whole, so that no time-out is waited for', () => {
    const { time, reports } = download(bodyOf(30 * 256), 4, nonTiming(), NONE);
    // Two Continues: the last set needs none.
    expect([time, reports]).toEqual([250, 2]);
  });

  it('that lacks blocks is asked for when a later one begins, or after NON_RECEIVE_TIMEOUT', () => {
    const receiver = new QBlock2Receiver(1_000_000, nonTiming());
    const sender = new QBlock2Sender(part(Code.Content, [], bodyOf(23 * 16)), 0, WIDE, false);
    const take = (num: number, now: number) => {
      receiver.accept(sender.block(num), { num, more: num < 22, szx: 0 }, now);
      return receiver.report(now);
    };
    expect(take(0, 0)).toBeUndefined();
    expect([2, 3, 4, 5, 6, 7, 8].map((num) => take(num, num))).toEqual(Array(7).fill(undefined));
    expect(take(11, 2500)).toEqual({ missing: [1, 9], proceed: undefined });
    expect(take(9, 2700)).toBeUndefined();
    expect(receiver.nextReport()).toBe(6700);
    expect(receiver.report(6700)).toEqual({ missing: [1, 10, 12, 13, 14, 15, 16, 17, 18, 19], proceed: undefined });
    // Figure 6: the waits double; after NON_MAX_RETRANSMIT requests it is given up.
    expect(receiver.nextReport()).toBe(14_700);
    expect(receiver.report(14_700)).toMatchObject({ missing: [1, 10, 12, 13, 14, 15, 16, 17, 18, 19] });
    expect(receiver.report(30_700)).toMatchObject({ missing: { length: 10 } });
    expect(receiver.report(62_700)).toMatchObject({ missing: { length: 10 } });
    expect(receiver.nextReport()).toBe(126_700);
    expect(receiver.report(126_700)).toBe('stale');
  });
});

describe('ends that agreed', () => {
  it('repair what is lost in about a round trip', () => {
    const { time } = download(bodyOf(20 * 1024), 6, promptTiming(200), { ...NONE, delay: 100, loss: 0.1, seed: 3 });
    expect(time).toBeLessThan(900);
  });

  it('send little more than what is lost', () => {
    const { sent } = download(bodyOf(200 * 256), 4, promptTiming(200), { ...NONE, delay: 100, loss: 0.1, seed: 5 });
    expect(sent).toBeLessThan(200 * 1.25);
  });
});

describe('a response in Q-Blocks', () => {
  const sender = new QBlock2Sender(part(Code.Content, path('x'), bodyOf(100)), 1, WIDE, true);
  const accept = (receiver: QBlock2Receiver, num: number, change: Partial<MessagePart> = {}) =>
    receiver.accept({ ...sender.block(num), ...change }, { num, more: num < 3, szx: 1 }, 0);

  it('has its options from block 0, whenever that comes', () => {
    const receiver = new QBlock2Receiver(1000, promptTiming());
    expect([3, 1, 0, 2].map((num) => accept(receiver, num))).toEqual(['more', 'more', 'more', 'complete']);
    const { options, payload } = receiver.take();
    expect(options.map(({ number }) => number).sort()).toEqual([OptionNumber.UriPath, OptionNumber.ETag].sort());
    expect(payload).toEqual(bodyOf(100));
  });

  it('is no mixture of two', () => {
    const receiver = new QBlock2Receiver(1000, promptTiming());
    accept(receiver, 0);
    const other = new QBlock2Sender(part(Code.Content, path('x'), bodyOf(100, 2)), 1, WIDE, true);
    expect(accept(receiver, 1, other.block(1))).toBe('changed');
    expect(accept(receiver, 1, { code: Code.Changed })).toBe('changed');
  });

  it('without ETag or Size2, or above the limit, is refused', () => {
    const receiver = new QBlock2Receiver(99, promptTiming());
    expect(accept(receiver, 0)).toBe('peer_body_too_large');
    expect(accept(receiver, 0, { options: [] })).toBe('bad_block');
  });
});

describe('a request in Q-Blocks', () => {
  const request = part(Code.PUT, path('x'), bodyOf(300));
  const room = { maxMessageBytes: 100, tokenLength: 1 };
  const sender = new QBlock1Sender(request, Uint8Array.of(9), room);
  const server = () => {
    const transfers = new ServerTransfers({ maxBodyBytes: 1000, lifetime: 5000 });
    const peer = {};
    return {
      transfers,
      receive: (message: MessagePart, now = 0) => transfers.receiveQBlock1(peer, message, promptTiming(), now),
    };
  };

  it('is handed over once, and blocks that come again are known', () => {
    const { transfers, receive } = server();
    const kinds = Array.from({ length: sender.count }, (_, num) => receive(sender.block(num)).kind);
    expect(kinds).toEqual([...Array(sender.count - 1).fill('partial'), 'request']);
    expect(receive(sender.block(2)).kind).toBe('repeated');
    transfers.expire(5000);
    expect(receive(sender.block(2)).kind).toBe('partial');
  });

  it('needs Request-Tag and Size1 (section 4.3), and has a limit', () => {
    const { receive } = server();
    const block = sender.block(0);
    for (const number of [OptionNumber.RequestTag, OptionNumber.Size1]) {
      const options = block.options.filter((option) => option.number !== number);
      expect(receive({ ...block, options })).toMatchObject({ response: { code: Code.BadRequest } });
    }
    const large = new QBlock1Sender(part(Code.PUT, path('x'), bodyOf(1001)), Uint8Array.of(1), WIDE).block(0);
    expect(receive(large)).toMatchObject({ response: { code: Code.RequestEntityTooLarge } });
  });

  it('with a tag of its own is a body of its own', () => {
    const { receive } = server();
    const other = new QBlock1Sender(part(Code.PUT, path('x'), bodyOf(300, 2)), Uint8Array.of(8), room);
    const last = sender.count - 1;
    for (let num = 0; num < last; num++) {
      receive(sender.block(num));
      receive(other.block(num));
    }
    expect(receive(other.block(last))).toMatchObject({ request: { payload: bodyOf(300, 2) } });
    expect(receive(sender.block(last))).toMatchObject({ request: { payload: bodyOf(300) } });
  });

  it('tells who reports it when it has to go for others', () => {
    const transfers = new ServerTransfers({ maxPeerBodies: 1 });
    const gone: number[] = [];
    for (const tag of [1, 2]) {
      const { options, payload } = new QBlock1Sender(
        part(Code.PUT, path('x'), bodyOf(3000)),
        Uint8Array.of(tag),
        WIDE,
      ).block(0);
      const message = { code: Code.PUT, options, payload };
      const arrival = transfers.receiveQBlock1(transfers, message, promptTiming(), tag);
      if (arrival.kind !== 'partial') throw new Error(arrival.kind);
      arrival.upload.evicted = () => gone.push(tag);
    }
    expect(gone).toEqual([1]);
  });

  it('that is a response in the smallest blocks counts with what is remembered of each', () => {
    const transfers = new ServerTransfers();
    const request = transfers.receive({}, part(Code.GET, path('x')), WIDE, 0);
    if (request.kind !== 'request') throw new Error(request.kind);
    const response = part(Code.Content, [], bodyOf(16_000));
    transfers.respondInQBlocks(request.ticket, response, WIDE, { szx: 0, brief: true }, 0, () => {});
    expect(transfers.bytes).toBeGreaterThan(16_000 + 1000 * 24);
  });

  it('of any kind leaves a server within its limits', () => {
    const limits = { maxBodyBytes: 4000, maxPeerBytes: 8000, maxTotalBytes: 16_000, maxPeerBodies: 4 };
    const option = fc.record({
      number: fc.constantFrom(OptionNumber.QBlock1, OptionNumber.Size1, OptionNumber.RequestTag, OptionNumber.UriPath),
      value: fc.uint8Array({ maxLength: 3 }),
    });
    const message = fc.record({
      peer: fc.nat(3),
      options: fc.array(option, { maxLength: 5 }),
      payload: fc.constantFrom(16, 32, 256, 1024, 7).map((length) => new Uint8Array(length)),
    });
    const peers = [{}, {}, {}, {}];
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
        const transfers = new ServerTransfers(limits);
        messages.forEach(({ peer, ...rest }, now) => {
          const arrival = transfers.receiveQBlock1(peers[peer]!, { code: Code.PUT, ...rest }, promptTiming(), now);
          if (arrival.kind === 'request') arrival.ticket.release?.();
          expect(transfers.bytes).toBeLessThanOrEqual(limits.maxTotalBytes);
        });
        for (const peer of peers) transfers.forget(peer);
        expect(transfers.bytes).toBe(0);
      }),
      { seed: 91_773, numRuns: 400 },
    );
  });
});

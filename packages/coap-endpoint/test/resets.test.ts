import { Code, type Type as MessageType, Type } from '@lb-matrix/coap-codec';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { connect, sharedState } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { VirtualLink } from './support/link.ts';
import { datagram, fromHex, get, NONE, parse } from './support/messages.ts';
import { pair } from './support/pair.ts';

/** A response that nobody asked for. */
const stray = (messageId: number, type: MessageType = Type.CON) =>
  datagram({ type, code: Code.NotFound, messageId, token: NONE });
const reset = (messageId: number) => datagram({ type: Type.RST, code: 0, messageId, token: NONE });

describe('a peer that answers every Reset with another CON, as go-coap 3', () => {
  /** The peer at one end of a link; it repeats what is not reset, and gives up as RFC 7252 section 4.2 says. */
  function talkative(delay: number, answer: (messageId: number) => Uint8Array) {
    const time = new VirtualTime();
    const link = new VirtualLink(time, { delay });
    connect(link.client, { platform: time.platform(1) });
    let messageId = 0;
    const waiting = new Map<number, () => void>();
    const say = () => {
      const id = messageId++;
      const attempt = (wait: number) => {
        link.server.send(answer(id));
        if (wait > 24_000) waiting.delete(id);
        else
          waiting.set(
            id,
            time.setTimer(wait, () => attempt(2 * wait)),
          );
      };
      attempt(3000);
    };
    link.server.onDatagram = (bytes) => {
      const message = parse(bytes);
      waiting.get(message.messageId)?.();
      waiting.delete(message.messageId);
      if (message.type === Type.RST) say();
    };
    say();
    return { time, link };
  }

  it.each([
    ['a response', stray, 0.1],
    ['a response, on a link with a round trip of 4 s', stray, 2000],
    ['a request', (messageId: number) => datagram({ code: Code.GET, messageId }), 0.1],
    ['a malformed message', (messageId: number) => Uint8Array.of(0x40, 0x20, messageId >> 8, messageId & 0xff), 0.1],
  ])('is left alone after 64 of them: %s', async (_what, answer, delay) => {
    const { time, link } = talkative(delay, answer);
    await time.advance(3_600_000);
    const resets = link.log.filter(({ from }) => from === 'client');
    expect(resets.length).toBeGreaterThanOrEqual(64);
    // On a slow link some more have come free meanwhile.
    expect(resets.length).toBeLessThan(delay > 1000 ? 110 : 66);
    // It has given up: nothing is heard for the rest of the hour.
    expect(link.log.at(-1)!.at).toBeLessThan(600_000);
    expect(time.timers).toBe(0);
  });
});

describe('the Resets to one peer (RFC 7252 sections 4.2 and 4.3)', () => {
  it('come again when it has been quiet for a minute, and not before', () => {
    const engine = new Engine();
    let id = 0;
    const burst = (count: number) => Array.from({ length: count }, () => engine.receive(stray(id++)).length);
    expect(burst(70).filter((sent) => sent === 1)).toHaveLength(64);
    for (let i = 0; i < 10; i++) {
      engine.pass(59_000);
      expect(burst(1)).toEqual([0]);
    }
    engine.pass(60_000);
    expect(burst(7)).toEqual([1, 1, 1, 1, 1, 1, 0]);
  });

  it('are the same few for its messages of all kinds, a notification that comes again included', () => {
    const engine = new Engine({ server: {} });
    const kinds = [
      (id: number) => stray(id),
      (id: number) => stray(id, Type.NON),
      (id: number) => Uint8Array.of(0x40, 0x20, id >> 8, id & 0xff),
    ];
    let sent = 0;
    for (let i = 0; i < 100; i++) for (const kind of kinds) sent += engine.receive(kind(i)).length;
    expect(sent).toBe(64);
    const client = new Engine();
    client.observe(get('a'));
    const [registered] = client.sent();
    const { messageId, token } = parse(fromHex(registered!));
    client.receive(
      datagram({ type: Type.ACK, code: Code.Content, messageId, token, options: [{ number: 6, value: NONE }] }),
    );
    // A critical option that nobody knows.
    const bad = datagram({ code: Code.Content, messageId: 9, token, options: [{ number: 2051, value: NONE }] });
    const answers = Array.from({ length: 100 }, () => client.receive(bad));
    expect(answers.filter(([answer]) => answer === '70000009')).toHaveLength(64);
  });

  it('never answer ACKs and Resets that belong to nothing', () => {
    const engine = new Engine({ server: {} });
    for (const type of [Type.ACK, Type.RST]) {
      expect(engine.receive(datagram({ type, code: 0, messageId: 9, token: NONE }))).toEqual([]);
    }
    expect(engine.receive(datagram({ type: Type.ACK, code: Code.Content, messageId: 9 }))).toEqual([]);
    expect(engine.endpoint.stats.dropped).toBe(3);
  });

  it('leave each peer its own', () => {
    const shared = sharedState();
    const [loud, calm] = [new Engine({ server: { shared } }), new Engine({ server: { shared } })];
    for (let i = 0; i < 1000; i++) loud!.receive(stray(i));
    expect(calm!.receive(stray(1))).toEqual(['70000001']);
  });
});

describe('a ping', () => {
  const ping = (messageId: number) => datagram({ code: 0, messageId, token: NONE });

  it('costs one datagram of four bytes each way, and is answered by clients and servers', async () => {
    const { time, link, client } = pair(() => ({ code: Code.Content, options: [], payload: NONE }));
    await time.until(client.ping());
    const hexes = link.log.map(({ hex }) => hex);
    expect(hexes).toEqual([expect.stringMatching(/^4000....$/), `7000${hexes[0]!.slice(4)}`]);
    expect(new Engine().receive(ping(7))).toEqual(['70000007']);
  });

  it('is answered once a second at least, whatever else was reset', () => {
    const engine = new Engine({ server: {} });
    for (let id = 0; id < 1000; id++) engine.receive(stray(id));
    for (let id = 0; id < 1000; id++) engine.receive(ping(id));
    for (let id = 0; id < 100; id++) {
      engine.pass(1000);
      expect(engine.receive(ping(id))).toHaveLength(1);
    }
  });

  it('is not answered without end to a peer that pings for each Reset', () => {
    const engine = new Engine({ server: {} });
    let answered = 0;
    for (let id = 0; id < 1000; id++) {
      engine.pass(1);
      answered += engine.receive(ping(id)).length;
    }
    expect(answered).toBe(64);
    expect(engine.receive(reset(1))).toEqual([]);
  });
});

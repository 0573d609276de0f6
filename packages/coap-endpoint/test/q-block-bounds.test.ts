import { blockOption } from '@lb-matrix/blockwise';
import { Code, OptionNumber, stringValues, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import type { CoapResponse, IncomingRequest, Observation } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, fromHex, get, parse, path, put } from './support/messages.ts';
import { agreedPair, BOTH } from './support/pair.ts';

const pathOf = ({ options }: IncomingRequest): string => stringValues(options, OptionNumber.UriPath)!.join('/');

/** Block 0 of a request body of 100,000 bytes that has this token, and its number for Request-Tag. */
function firstBlock(number: number, change: Partial<Parameters<typeof datagram>[0]> = {}): Uint8Array {
  return datagram({
    type: Type.NON,
    code: Code.PUT,
    messageId: number,
    token: Uint8Array.of(number >> 8, number),
    options: [
      ...path('a'),
      blockOption(OptionNumber.QBlock1, { num: 0, more: true, szx: 6 }),
      uintOption(OptionNumber.Size1, 100_000),
      uintOption(OptionNumber.RequestTag, number),
    ],
    payload: bodyOf(1024),
    ...change,
  });
}

describe('a request body in Q-Blocks', () => {
  it('is not answered by a report that comes late or twice, whatever it says', async () => {
    let answer: () => void = () => {};
    const { time, client, link } = await agreedPair(
      (request) =>
        pathOf(request) === 'hello'
          ? content('')
          : new Promise<CoapResponse>((resolve) => {
              answer = () => resolve(content('done'));
            }),
      { delay: 20 },
    );
    const response = client.request(put(bodyOf(30_000), 'a'));
    await time.advance(1000);
    const reports = link.log.filter(({ from, message }) => from === 'server' && message!.code === Code.Continue);
    expect(reports.length).toBeGreaterThan(1);
    for (const { hex } of reports) link.client.onDatagram?.(fromHex(hex), time.now());
    answer();
    const { code, payload } = await time.until(response);
    expect([code, new TextDecoder().decode(payload)]).toEqual([Code.Content, 'done']);
  });

  it('is not answered by a report in the ACK to its first block', () => {
    const client = new Engine({ blockwise: 'rfc9177' });
    client.request(put(bodyOf(3000), 'a'));
    const { messageId, token } = parse(fromHex(client.sent()[0]!));
    const report = {
      code: Code.Continue,
      options: [blockOption(OptionNumber.QBlock1, { num: 0, more: true, szx: 6 })],
    };
    client.receive(datagram({ type: Type.ACK, messageId, token, ...report }));
    expect(client.events().map(({ kind }) => kind)).not.toContain('response');
    expect(client.pass(60_000)).toEqual([]);
    client.receive(datagram({ code: Code.Changed, token }));
    expect(client.events()).toMatchObject([{ kind: 'response', response: { code: Code.Changed } }]);
  });

  it('that has to go for others is reported no more: of one peer no more than `maxPeerBodies` are held', () => {
    const server = new Engine({ server: {} });
    server.endpoint.agree(BOTH);
    for (let number = 1; number <= 500; number++) server.receive(firstBlock(number));
    const told = new Set(server.pass(150).map(([, hex]) => String(parse(fromHex(hex)).token)));
    expect(told.size).toBe(64);
  });

  it('keeps its token of one byte out of use, because a report of it may still be under way', async () => {
    const { time, client, link } = await agreedPair(() => content(''), { connect: { tokenLength: 1 } });
    await time.until(client.request(put(bodyOf(3000), 'a')));
    const { token } = link.log[0]!.message!;
    expect(token.length).toBe(1);
    link.log.length = 0;
    for (let i = 0; i < 300; i++) await time.until(client.request(get('b')));
    expect(link.log.filter(({ message }) => String(message!.token) === String(token))).toEqual([]);
  });
});

describe('a separate response', () => {
  it('that is not remembered keeps its token of one byte out of use: it may come again', () => {
    const client = new Engine({ tokenLength: 1, maxDuplicates: 1 });
    const tokens: string[] = [];
    const ask = () => {
      client.request(get('a'));
      const { messageId, token } = parse(fromHex(client.sent()[0]!));
      tokens.push(String(token));
      return { messageId, token };
    };
    const answered = (messageId: number) => {
      const { messageId: asked, token } = ask();
      client.receive(datagram({ type: Type.ACK, code: 0, messageId: asked, token: Uint8Array.of() }));
      client.receive(datagram({ code: Code.Content, messageId, token }));
      return String(token);
    };
    answered(1);
    const forgotten = answered(2);
    for (let i = 0; i < 300; i++) {
      const { messageId, token } = ask();
      client.receive(datagram({ type: Type.ACK, code: Code.Content, messageId, token }));
    }
    expect(tokens.filter((token) => token === forgotten).length).toBe(1);
  });
});

describe('a response body in Q-Blocks', () => {
  it('that nobody takes any more does not hold up those after it', async () => {
    let away = false;
    const { time, client } = await agreedPair(
      (request) => content(pathOf(request) === 'hello' ? '' : bodyOf(1_000_000)),
      {
        delay: 50,
        drop: () => away,
      },
    );
    const first = client.request(get('a'));
    const rejected = expect(first).rejects.toMatchObject({ code: 'timed_out' });
    await time.advance(400);
    away = true;
    await time.advance(90_000);
    await rejected;
    away = false;
    const start = time.now();
    expect((await time.until(client.request(get('b')))).payload.length).toBe(1_000_000);
    expect(time.now() - start).toBeLessThan(10_000);
  });

  it('is not for a peer that may be somebody else, even if that has agreed', () => {
    const server = new Engine({ server: { validated: () => false } });
    server.endpoint.agree(BOTH);
    const request = datagram({ code: Code.GET, options: path('a') });
    server.receive(request);
    const sent = server.respond(server.request1().id, content(bodyOf(50_000)));
    const bytes = sent.reduce((sum, hex) => sum + hex.length / 2 + 28, 0);
    expect(bytes).toBeLessThanOrEqual(3 * (request.length + 28));
  });
});

describe('the lost acknowledgement of a large notification', () => {
  it('is asked for as soon as that of a small one', async () => {
    let observation: Observation | undefined;
    let drops = 0;
    const { time, client } = await agreedPair(
      (request) => {
        observation = request.observe();
        return content('0');
      },
      { delay: 50, drop: ({ from, message }) => from === 'client' && message!.type === Type.ACK && drops-- > 0 },
    );
    const states = client.observe(get('s'), { acknowledgeConsumed: true });
    await time.until(states.next());
    const outcome = observation!.notify(content(bodyOf(20_000)));
    await time.until(states.next());
    drops = 1;
    void states.next();
    const start = time.now();
    expect(await time.until(outcome)).toBe('acknowledged');
    expect(time.now() - start).toBeLessThan(3500);
  });
});

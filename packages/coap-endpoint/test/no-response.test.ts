import { Code, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { EndpointError } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, get, NONE, path, put, text } from './support/messages.ts';
import { pair } from './support/pair.ts';

const PUT_A = (messageId: number, suppress: Uint8Array, type: Type = Type.CON) =>
  datagram({
    type,
    code: Code.PUT,
    messageId,
    options: [...path('a'), { number: OptionNumber.NoResponse, value: suppress }],
    payload: text('x'),
  });
const answer = (code: number) => ({ code, options: [], payload: NONE });

describe('No-Response at the server (RFC 7967)', () => {
  it.each([
    [2, Code.Changed, true],
    [2, Code.NotFound, false],
    [2, Code.InternalServerError, false],
    [8, Code.Changed, false],
    [8, Code.NotFound, true],
    [16, Code.InternalServerError, true],
    [18, Code.Changed, true],
    [18, Code.NotFound, false],
    [26, Code.Changed, true],
    [26, Code.NotFound, true],
    [26, Code.InternalServerError, true],
  ])('of %i holds back %i: %s', (value, code, held) => {
    const con = new Engine({ server: {} });
    con.receive(PUT_A(5, Uint8Array.of(value)));
    const [sent] = con.respond(con.request1().id, answer(code));
    // A CON is acknowledged all the same, and again when it comes again.
    expect(sent).toBe(held ? '60000005' : `61${code.toString(16)}000577`);
    expect(con.receive(PUT_A(5, Uint8Array.of(value)))).toEqual([sent]);
    const non = new Engine({ server: {} });
    non.receive(PUT_A(5, Uint8Array.of(value), Type.NON));
    expect(non.respond(non.request1().id, answer(code))).toHaveLength(held ? 0 : 1);
    expect(non.endpoint.idle).toBe(true);
  });

  it('that is empty, zero or too long holds back nothing', () => {
    for (const value of [NONE, Uint8Array.of(0), Uint8Array.of(26, 26)]) {
      const server = new Engine({ server: {} });
      server.receive(PUT_A(5, value));
      expect(server.respond(server.request1().id, answer(Code.Changed))).toEqual(['6144000577']);
    }
  });

  it('holds back a separate response, and no body is kept for it', () => {
    const server = new Engine({ server: {} });
    server.receive(PUT_A(5, Uint8Array.of(26)));
    const { id } = server.request1();
    expect(server.acknowledge(id)).toEqual(['60000005']);
    expect(server.respond(id, content(bodyOf(5000)))).toEqual([]);
    expect(server.endpoint.idle).toBe(true);
    expect(server.pass(100_000)).toEqual([]);
  });

  it('holds back what the endpoint itself answers', () => {
    const server = new Engine({ server: { maxRequests: 0 } });
    expect(server.receive(PUT_A(5, Uint8Array.of(16)))).toEqual(['60000005']);
    expect(server.receive(PUT_A(6, Uint8Array.of(8)))).toEqual(['61a3000677']);
  });

  it('ends an observation that could not be answered', () => {
    const server = new Engine({ server: {} });
    const options = [uintOption(OptionNumber.Observe, 0), ...path('a'), uintOption(OptionNumber.NoResponse, 26)];
    server.register(datagram({ code: Code.GET, options }), content('a'));
    expect(server.events()).toMatchObject([{ kind: 'unobserved', reason: 'ended' }]);
  });
});

describe('a request that wants no response', () => {
  it('is over when it is acknowledged, and keeps nothing', () => {
    const client = new Engine();
    const id = client.endpoint.send(put(text('x'), 'a'), 0);
    // Option 258: 258 - 11 - 13 - 269 < 0, so one byte of delta.
    expect(client.sent()).toEqual(['44030000' + '00000001' + 'b161' + 'd1ea1a' + 'ff78']);
    client.receive('60 00 0000');
    expect(client.events()).toEqual([{ kind: 'sent', id }]);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });

  it('is over as well when a server answers that does not know the option', () => {
    const client = new Engine();
    client.endpoint.send(put(text('x'), 'a'), 0);
    client.sent();
    expect(client.receive('64 44 0000 00000009')).toEqual([]);
    expect(client.events()).toEqual([]);
    client.receive('64 44 0000 00000001');
    expect(client.events()).toMatchObject([{ kind: 'sent' }]);
    expect(client.pass(100_000)).toEqual([]);
  });

  it('as a NON is over when it is on its way; PROBING_RATE holds for what follows', () => {
    const client = new Engine();
    const send = () => client.endpoint.send({ ...put(text('x'), 'a'), confirmable: false }, client.now);
    const ids = [send(), send()];
    expect(client.sent()).toHaveLength(1);
    expect(client.events()).toEqual([{ kind: 'sent', id: ids[0] }]);
    expect(client.receive('70 00 0000')).toHaveLength(1);
    expect(client.events()).toEqual([{ kind: 'sent', id: ids[1] }]);
  });

  it('fails without acknowledgement or with a Reset, and can be given up', () => {
    const lost = new Engine();
    lost.endpoint.send(get('a'), 0);
    lost.pass(100_000);
    expect(lost.events()).toMatchObject([{ kind: 'failed', error: { reason: 'no_acknowledgement' } }]);
    const reset = new Engine();
    reset.endpoint.send(get('a'), 0);
    reset.sent();
    reset.receive('70 00 0000');
    expect(reset.events()).toMatchObject([{ kind: 'failed', error: { code: 'reset' } }]);
    const cancelled = new Engine();
    cancelled.endpoint.cancel(cancelled.endpoint.send(get('a'), 0), 0);
    cancelled.sent();
    expect(cancelled.pass(100_000)).toEqual([]);
  });

  it('is refused when it needs blocks, or is no request', () => {
    const client = new Engine();
    for (const [request, reason] of [
      [put(bodyOf(1300), 'a'), 'request_too_large'],
      [{ code: Code.Content, options: [] }, 'invalid_request'],
      [{ code: Code.PUT, options: [{ number: 70_000, value: NONE }] }, 'invalid_request'],
    ] as const) {
      expect(() => client.endpoint.send(request, 0)).toThrow(expect.objectContaining({ code: 'refused', reason }));
    }
  });

  it('reaches the handler in two datagrams', async () => {
    const seen: Uint8Array[] = [];
    const { time, link, client } = pair(({ payload }) => {
      seen.push(payload);
      return content(bodyOf(5000));
    });
    await time.until(client.send(put(text('x'), 'a')));
    expect(seen).toEqual([text('x')]);
    expect(link.log).toHaveLength(2);
    link.client.onDatagram = undefined;
    await expect(time.until(client.send(put(text('x'), 'a')))).rejects.toBeInstanceOf(EndpointError);
  });
});

import { blockOption, findBlock } from '@lb-matrix/blockwise';
import { Code, findOption, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, fromHex, parse, path, text } from './support/messages.ts';

/**
 * How the low-bandwidth Matrix clients in use (built on go-coap) speak: messages recorded from them, and made in their
 * shape.
 */
describe('existing clients', () => {
  it('send a GET with a Content-Format and no payload', () => {
    const server = new Engine({ server: {} });
    server.receive('41010f5f01b130112a');
    const { id, ...event } = server.request1();
    expect(event).toEqual({
      kind: 'request',
      code: Code.GET,
      options: [...path('0'), uintOption(OptionNumber.ContentFormat, 42)],
      payload: new Uint8Array(),
      observe: false,
    });
    expect(server.respond(id, content('ok'))).toEqual(['61450f5f01ff6f6b']);
  });

  it('ask for later blocks with the same token, another Message ID, and all options of the request', () => {
    const server = new Engine({ server: {} });
    server.receive('41010f5f01b130112a');
    const [first] = server.respond(server.request1().id, content(bodyOf(1404)));
    expect(findBlock(parse(fromHex(first!)).options, OptionNumber.Block2)).toEqual({ num: 0, more: true, szx: 6 });
    // Recorded: NUM 1, SZX 6.
    const [second] = server.receive('41010f6001b130112ab11e');
    const { code, token, messageId, options, payload } = parse(fromHex(second!));
    expect([code, token, messageId]).toEqual([Code.Content, Uint8Array.of(1), 0x0f60]);
    expect(findBlock(options, OptionNumber.Block2)).toEqual({ num: 1, more: false, szx: 6 });
    expect(findOption(options, OptionNumber.ETag)).toEqual(
      findOption(parse(fromHex(first!)).options, OptionNumber.ETag),
    );
    expect(payload).toEqual(bodyOf(1404).subarray(1024));
    expect(server.events()).toEqual([]);
  });

  it('repeat a request after 9 s or 61 s, without back-off: it is executed once', () => {
    for (const pause of [9000, 61_000]) {
      const server = new Engine({ server: {} });
      server.receive('41010f5f01b130112a');
      const answer = server.respond(server.request1().id, content('ok'));
      for (let i = 0; i < 3; i++) {
        server.pass(pause);
        expect(server.receive('41010f5f01b130112a')).toEqual(answer);
      }
      expect(server.events()).toEqual([]);
    }
  });

  it('send a body above 1024 bytes by Block1, with Size1 in every block', () => {
    const server = new Engine({ server: {} });
    const body = bodyOf(3028);
    const answers = [0, 1, 2].map((num) => {
      const options = [
        ...path('9', '!room', 'm.room.message', 'txn'),
        uintOption(OptionNumber.ContentFormat, 60),
        blockOption(OptionNumber.Block1, { num, more: num < 2, szx: 6 }),
        uintOption(OptionNumber.Size1, 3028),
        { number: 256, value: text('syt_token') },
      ];
      const payload = body.subarray(num * 1024, num * 1024 + 1024);
      return server.receive(
        datagram({ code: Code.PUT, messageId: 0x52a3 + num, token: Uint8Array.of(1), options, payload }),
      );
    });
    expect(answers).toEqual([['615f52a301d10e0e'], ['615f52a401d10e1e'], []]);
    const { payload, options } = server.request1();
    expect(payload).toEqual(body);
    expect(options.map(({ number }) => number)).toEqual([11, 11, 11, 11, 12, 256]);
  });

  it('register every observation under Message ID 0', () => {
    const server = new Engine({ server: {} });
    for (const token of ['0102030405060708', '1112131415161718']) {
      server.receive(`48010000${token}605137`);
      expect(server.request1().options.map(({ number }) => number)).toEqual([
        OptionNumber.Observe,
        OptionNumber.UriPath,
      ]);
    }
  });

  describe('ask for the second block of a notification in the ACK to it', () => {
    const pushed = () => {
      const server = new Engine({ server: {} });
      const options = [uintOption(OptionNumber.Observe, 0), ...path('obs-large')];
      const observation = server.register(datagram({ code: Code.GET, options }), content('a'));
      server.notify(observation, content(bodyOf(1500)));
      server.endpoint.listen(observation);
      return server;
    };
    // Recorded, but for the Message ID: an ACK with a GET, NUM 1 and SZX 6.
    const ask = (messageId: string) => `6801${messageId}836395c9719daa27b96f62732d6c61726765c11e`;

    it('and get it, as a NON; the notification has arrived', () => {
      const server = pushed();
      const [second] = server.receive(ask('0000'));
      const { type, code, token, payload } = parse(fromHex(second!));
      expect([type, code, token]).toEqual([Type.NON, Code.Content, fromHex('836395c9719daa27')]);
      expect(payload).toEqual(bodyOf(1500).subarray(1024));
      expect(server.events()).toMatchObject([{ kind: 'notified', outcome: 'acknowledged' }, { kind: 'heard' }]);
      expect(server.pass(200_000)).toEqual([]);
    });

    it('which is noise when nothing waits for that ACK, or when it is a response that makes no sense', () => {
      const server = pushed();
      expect(server.receive(ask('0007'))).toEqual([]);
      expect(server.receive('60e00000')).toEqual([]);
      expect(server.receive('')).toEqual([]);
      expect(server.events()).toEqual([]);
      expect(server.endpoint.stats.dropped).toBe(3);
    });
  });
});

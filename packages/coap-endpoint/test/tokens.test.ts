import { Code, Type } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, fromHex, hexOf, parse, path } from './support/messages.ts';
import { pair } from './support/pair.ts';

const request = (tokenLength: number, messageId = 5) =>
  datagram({ code: Code.GET, messageId, token: bodyOf(tokenLength), options: path('a') });

describe('tokens of a peer (RFC 8974)', () => {
  it('are accepted and echoed up to the length that is set', () => {
    for (const length of [0, 8, 9, 12, 13, 268, 269, 1000]) {
      const server = new Engine({ maxTokenLength: 1000, server: {} });
      server.receive(request(length));
      const [answer] = server.respond(server.request1().id, content('ok'));
      // What such a message is for a client with 8 bytes is another matter.
      expect(answer!.slice(2, 8)).toBe('450005');
      expect(answer).toContain(hexOf(bodyOf(length)));
    }
  });

  it('leave that much less room for the payload', () => {
    const server = new Engine({ maxTokenLength: 1000, server: {} });
    server.receive(request(900));
    const [answer] = server.respond(server.request1().id, content(bodyOf(1000)));
    expect(answer!.length / 2).toBeLessThanOrEqual(1232);
  });

  it('that are longer are malformed: a CON is reset', () => {
    const server = new Engine({ server: {} });
    expect(server.receive(request(9))).toEqual(['70000005']);
    expect(server.receive(request(8))).toEqual([]);
    server.request1();
  });

  it('tell requests with one Message ID apart at any length', () => {
    const server = new Engine({ maxTokenLength: 300, server: {} });
    server.receive(request(299));
    server.request1();
    server.receive(request(300));
    server.request1();
    expect(server.receive(request(300))).toEqual([]);
    expect(server.events()).toEqual([]);
  });

  it('are an option of the server', async () => {
    const { time, link } = pair(() => content('ok'), { serve: { maxTokenLength: 20 } });
    link.client.send(request(20));
    link.client.send(request(21, 6));
    await time.advance(1000);
    const types = link.log.filter(({ from }) => from === 'server').map(({ hex }) => (fromHex(hex)[0]! >> 4) & 3);
    expect(types).toEqual([Type.ACK, Type.RST]);
    expect(parse(fromHex(link.log.at(-1)!.hex)).messageId).toBe(6);
  });
});

import { blockOption } from '@lb-matrix/blockwise';
import { Code, findOption, OptionNumber, Type } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, path, put } from './support/messages.ts';
import { pair } from './support/pair.ts';

describe('Request-Tag (RFC 9175 section 3)', () => {
  it('is not needed while every upload is finished', async () => {
    const { time, link, client } = pair(({ payload }) => content(payload));
    for (let i = 0; i < 3; i++) await time.until(client.request(put(bodyOf(3000, i), 'a')));
    for (const { message } of link.log) expect(findOption(message!.options, OptionNumber.RequestTag)).toBeUndefined();
  });

  it('goes with all messages of an upload that follows an unfinished one, so that no late block gets into it', async () => {
    const { time, link, client } = pair(({ payload }) => content(payload));
    const controller = new AbortController();
    const first = client.request(put(bodyOf(3000, 1), 'a'), { signal: controller.signal });
    await time.advance(25);
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'aborted' });
    const begin = link.log.length;
    const late = link.log.find(({ message }) => message?.code === Code.PUT)!.message!;
    const second = client.request(put(bodyOf(3000, 2), 'a'));
    await time.advance(25);
    // A late block of the first upload, under another Message ID: it is taken for no block of the second.
    const options = [...path('a'), blockOption(OptionNumber.Block1, { num: 1, more: true, szx: 6 })];
    link.client.send(datagram({ ...late, messageId: 0xbeef, options, payload: bodyOf(1024, 9) }));
    expect((await time.until(second)).payload).toEqual(bodyOf(3000, 2));
    const requests = link.log
      .slice(begin)
      .filter(({ from, message }) => from === 'client' && message!.messageId !== 0xbeef);
    expect(requests).toHaveLength(5);
    for (const { message } of requests) {
      expect(findOption(message!.options, OptionNumber.RequestTag)?.value).toEqual(Uint8Array.of(1));
    }
  });

  it('keeps bodies apart at the server: with, without, and with another', () => {
    const server = new Engine({ server: {} });
    const tags = [[], [Uint8Array.of()], [Uint8Array.of(1)], [Uint8Array.of(2)]].map((values) =>
      values.map((value) => ({ number: OptionNumber.RequestTag, value })),
    );
    const block = (num: number, i: number) =>
      datagram({
        type: Type.CON,
        code: Code.PUT,
        messageId: 10 * i + num,
        options: [...path('a'), blockOption(OptionNumber.Block1, { num, more: num < 2, szx: 0 }), ...tags[i]!],
        payload: bodyOf(48, i).subarray(num * 16, num * 16 + 16),
      });
    for (const num of [0, 1]) for (const i of tags.keys()) server.receive(block(num, i));
    for (const i of tags.keys()) {
      server.receive(block(2, i));
      expect(server.request1().payload).toEqual(bodyOf(48, i));
    }
  });
});

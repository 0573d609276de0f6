import { Code, findOptions, OptionNumber } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { ClientTransfer, ServerTransfers } from '../src/index.ts';
import { bodyOf, content, part, path, run, serve } from './support.ts';

const tagsOf = (options: Parameters<typeof findOptions>[0]) =>
  findOptions(options, OptionNumber.RequestTag).map(({ value }) => [...value]);

describe('the Request-Tag of a transfer (RFC 9175 section 3)', () => {
  it('stands on every message of an upload, those that fetch its response included', () => {
    const transfers = new ServerTransfers();
    const transfer = new ClientTransfer(part(Code.POST, path('a'), bodyOf(3000)), {
      requestTag: () => Uint8Array.of(7),
    });
    const { last, log } = run(
      transfer,
      serve(transfers, ({ payload }) => content(payload)),
    );
    expect(last).toMatchObject({ kind: 'done', response: { payload: bodyOf(3000) } });
    expect(log).toHaveLength(5);
    for (const { request } of log) expect(tagsOf(request.options)).toEqual([[7]]);
  });

  it('is asked for when the upload begins, and stands on nothing else', () => {
    let asked = 0;
    const requestTag = () => {
      asked++;
      return undefined;
    };
    const answer = serve(new ServerTransfers(), ({ payload }) => content(bodyOf(payload.length + 2000)));
    for (const [length, uploads] of [
      [100, 0],
      [3000, 1],
    ] as const) {
      const { log } = run(new ClientTransfer(part(Code.POST, path('a'), bodyOf(length)), { requestTag }), answer);
      expect(asked).toBe(uploads);
      for (const { request } of log) expect(tagsOf(request.options)).toEqual([]);
    }
  });

  it('is needed by what comes after an upload that was not finished: `uploading` says so', () => {
    const transfer = new ClientTransfer(part(Code.PUT, path('a'), bodyOf(2000)));
    const answer = serve(new ServerTransfers(), () => content(bodyOf(10)));
    const room = { maxMessageBytes: 1232, tokenLength: 4 };
    const first = transfer.start(room);
    expect(transfer.uploading).toBe(true);
    const step = transfer.receive(answer(first), room);
    expect(transfer.uploading).toBe(true);
    if (step.kind !== 'send') throw new Error('not sent');
    transfer.receive(answer(step.request), room);
    expect(transfer.uploading).toBe(false);
  });
});

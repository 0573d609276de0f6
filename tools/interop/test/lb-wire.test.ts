/** What existing MSC3079 clients put on the wire, byte by byte, to our server: it understands and answers each of them. */
import { readFileSync } from 'node:fs';
import {
  type CoapMessage,
  Code,
  ContentFormat,
  codeToString,
  decodeMessage,
  encodeMessage,
  isRequest,
  OptionNumber,
  Type,
  uintOption,
  uintValue,
  withoutOptions,
} from '@lb-matrix/coap-codec';
import type { PipeListener } from '@lb-matrix/coap-endpoint';
import { decodeToJson } from '@lb-matrix/lb-cbor-keys';
import { createLowBandwidthServer, type UpstreamRequest } from '@lb-matrix/lb-server';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../src/cell.ts';
import { type TestPipe, testPipe, type VirtualTime, virtualTime } from '../src/virtual-pipe.ts';

interface Recorded {
  readonly step: string;
  readonly dir: 'up' | 'down';
  readonly message: CoapMessage;
}

const file = new URL('../../../packages/msc3079-mapper/test/fixtures/lb-wire.jsonl', import.meta.url);
const recorded: Recorded[] = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
  // A line without a message says where blocks of a body were left out that stands whole elsewhere.
  .filter(({ coap }) => coap !== undefined)
  .map(({ step, dir, coap }) => ({ step, dir, message: parse(Uint8Array.from(Buffer.from(coap, 'hex'))) }));
const steps = [...new Set(recorded.map(({ step }) => step))];

describe('what existing clients send is understood and answered as they expect', () => {
  // Each step is a connection of its own.
  const cell: Cell = {
    table: 'Existing MSC3079 clients through our proxy',
    feature: 'every message that they were recorded to send',
    peer: 'existing clients',
  };

  it.each(steps)('%s', { meta: { cell } }, async (step) => {
    const link = connect();
    const messages = recorded.filter((entry) => entry.step === step);
    const ups = messages.filter(({ dir, message }) => dir === 'up' && isRequest(message.code));
    for (const request of ups.filter(({ message }) => blockNumber(message, OptionNumber.Block2) === 0)) {
      const { token } = request.message;
      const same = messages.filter(({ message }) => equal(message.token, token));
      const expected = expectedAnswer(same.filter(({ dir }) => dir === 'down').map(({ message }) => message));
      const lastBlock = blockMore(request.message) ? undefined : expected;
      link.answerWith(expected);

      const first = await link.exchange(request.message);
      if (lastBlock === undefined) {
        // RFC 7959 2.9.1: what existing clients want to see before they send the next block.
        expect(first).toMatchObject({ type: Type.ACK, code: Code.Continue, messageId: request.message.messageId });
        expect(uintValue(first.options, OptionNumber.Block1)).toBe(
          uintValue(request.message.options, OptionNumber.Block1),
        );
        continue;
      }
      const body = await link.rest(request.message, first, same);
      expect(codeToString(first.code)).toBe(codeToString(expected.code));
      // The intended difference: what is CBOR is called CBOR, and who sends JSON is answered in JSON (R7).
      const format = uintValue(request.message.options, OptionNumber.ContentFormat);
      const answer = format === ContentFormat.Json ? ContentFormat.Json : ContentFormat.Cbor;
      expect(uintValue(first.options, OptionNumber.ContentFormat)).toBe(answer);
      const json = answer === ContentFormat.Json ? JSON.parse(new TextDecoder().decode(body)) : toJson(body);
      expect(withoutAdvertisement(json)).toEqual(expected.json);
    }
    // The acknowledgements of pushes with Message IDs that are not ours say nothing and break nothing.
    for (const { message } of messages.filter(({ dir, message }) => dir === 'up' && message.type === Type.ACK)) {
      expect(await link.feed(message)).toEqual([]);
    }
    expect(link.seen.map(requestLine)).toMatchSnapshot();
  });
});

/** What the homeserver got, in one line. */
function requestLine({ method, target, headers, body }: UpstreamRequest): string {
  const token = headers.find(([name]) => name === 'authorization')?.[1] ?? 'no token';
  return [method, target, token, new TextDecoder().decode(body).slice(0, 100)].join(' ').trim();
}

interface Answer {
  readonly code: number;
  readonly json: unknown;
}

/** The recorded answer with its whole body; where the recording cut it short, the whole one of the same size. */
function expectedAnswer(downs: readonly CoapMessage[]): Answer {
  const answers = downs.filter(({ payload }) => payload.length > 0);
  const code = answers[0]!.code;
  const whole = wholeBody(answers);
  if (whole !== undefined) return { code, json: toJson(whole) };
  const size = uintValue(answers[0]!.options, OptionNumber.Size2);
  for (const step of steps) {
    const tokens = new Map<string, CoapMessage[]>();
    for (const { message, dir } of recorded.filter((entry) => entry.step === step)) {
      if (dir === 'up' || uintValue(message.options, OptionNumber.Size2) !== size) continue;
      const key = String(message.token);
      tokens.set(key, [...(tokens.get(key) ?? []), message]);
    }
    for (const blocks of tokens.values()) {
      const body = wholeBody(blocks);
      if (body !== undefined) return { code, json: toJson(body) };
    }
  }
  throw new Error(`the recording holds no whole body of ${size} bytes`);
}

function wholeBody(blocks: readonly CoapMessage[]): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const block of blocks) {
    if (blockNumber(block, OptionNumber.Block2) !== parts.length) return undefined;
    parts.push(block.payload);
    if (((uintValue(block.options, OptionNumber.Block2) ?? 0) & 8) === 0) return Uint8Array.from(Buffer.concat(parts));
  }
  return undefined;
}

/** A client's end of a session with our server, whose homeserver answers what the recording has, and else has no news. */
function connect(): {
  readonly seen: UpstreamRequest[];
  answerWith(answer: Answer): void;
  feed(message: CoapMessage): Promise<CoapMessage[]>;
  exchange(request: CoapMessage): Promise<CoapMessage>;
  rest(request: CoapMessage, first: CoapMessage, recordedSame: readonly Recorded[]): Promise<Uint8Array>;
} {
  const time: VirtualTime = virtualTime();
  const pipe: TestPipe = testPipe();
  const listener: PipeListener = { close: () => {} };
  const seen: UpstreamRequest[] = [];
  let next: Answer | undefined;
  const server = createLowBandwidthServer({
    platform: time,
    dtlsPort: 8448,
    upstream: async (request) => {
      seen.push(request);
      const answer = next;
      next = undefined;
      if (answer === undefined) return new Promise(() => {});
      const status = answer.code === Code.Content ? 200 : (answer.code >> 5) * 100 + (answer.code & 0x1f);
      const body = new TextEncoder().encode(JSON.stringify(answer.json));
      return { status, headers: [['content-type', 'application/json']], body };
    },
  });
  server.serve(listener);
  listener.onPipe?.(pipe);

  const feed = async (message: CoapMessage): Promise<CoapMessage[]> => {
    pipe.onDatagram?.(encodeMessage(message), time.now());
    await time.advance(1);
    return pipe.sent.splice(0).map(parse);
  };
  const exchange = async (request: CoapMessage): Promise<CoapMessage> => {
    const answers = await feed(request);
    const [ack, separate] = answers;
    if (ack === undefined) throw new Error('no answer');
    expect(ack).toMatchObject({ type: Type.ACK, messageId: request.messageId });
    if (ack.code !== Code.Empty) {
      expect(answers).toHaveLength(1);
      expect(ack.token).toEqual(request.token);
      return ack;
    }
    // A long-poll: received at once, answered by a CON of its own, which the client acknowledges.
    expect(separate).toMatchObject({ type: Type.CON, token: request.token });
    const none = new Uint8Array(0);
    const received = { type: Type.ACK, code: Code.Empty, messageId: separate!.messageId, token: none };
    expect(await feed({ ...received, options: [], payload: none })).toEqual([]);
    return separate!;
  };
  return {
    seen,
    answerWith: (answer) => {
      next = answer;
    },
    feed,
    exchange,
    async rest(request, first, same) {
      const parts = [first.payload];
      for (let block = first; ((uintValue(block.options, OptionNumber.Block2) ?? 0) & 8) !== 0; ) {
        // As existing clients ask on: path, query and token again, the next Message ID, the Block2 as it came, M bit and all.
        const wish = (parts.length << 4) | 8 | 6;
        const follow = {
          ...request,
          messageId: request.messageId + parts.length,
          options: [...withoutOptions(request.options, OptionNumber.Observe), uintOption(OptionNumber.Block2, wish)],
        };
        const real = same.find(
          ({ dir, message }) => dir === 'up' && blockNumber(message, OptionNumber.Block2) === parts.length,
        );
        if (real !== undefined) expect(encodeMessage(follow)).toEqual(encodeMessage(real.message));
        block = await exchange(follow);
        expect(blockNumber(block, OptionNumber.Block2)).toBe(parts.length);
        parts.push(block.payload);
      }
      return Uint8Array.from(Buffer.concat(parts));
    },
  };
}

function parse(bytes: Uint8Array): CoapMessage {
  const decoded = decodeMessage(bytes);
  if (decoded.kind !== 'message') throw new Error(`not CoAP: ${decoded.reason}`);
  return decoded.message;
}

function blockNumber(message: CoapMessage, option: number): number {
  return (uintValue(message.options, option) ?? 0) >> 4;
}

function blockMore(message: CoapMessage): boolean {
  return ((uintValue(message.options, OptionNumber.Block1) ?? 0) & 8) !== 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function toJson(cbor: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(decodeToJson(cbor)));
}

function withoutAdvertisement(json: Record<string, unknown>): Record<string, unknown> {
  const { 'm.low_bandwidth': stable, 'org.matrix.msc3079.low_bandwidth': unstable, ...rest } = json;
  return rest;
}

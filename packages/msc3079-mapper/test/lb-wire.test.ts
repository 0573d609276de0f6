import { readFileSync } from 'node:fs';
import {
  type CoapMessage,
  ContentFormat,
  codeToString,
  decodeMessage,
  OptionNumber,
  uintValue,
} from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  type CoapParts,
  createServerSession,
  type MappedRequest,
  requestToHttp,
  responseToCoap,
  type ServerSession,
} from '../src/index.ts';
import { fromCbor, hex, text, uint, utf8 } from './support.ts';

interface Exchange {
  readonly request: CoapParts;
  /** Absent when the recording leaves a part of it out. */
  readonly response: CoapParts | undefined;
}

/** The recorded messages, block by block put together, by the step that caused them: one connection each. */
const steps = readSteps(readFileSync(new URL('fixtures/lb-wire.jsonl', import.meta.url), 'utf8'));

function readSteps(jsonl: string): Map<string, Exchange[]> {
  const messages = new Map<string, (CoapMessage & { readonly up: boolean })[]>();
  for (const line of jsonl.trim().split('\n')) {
    const { step, dir, coap } = JSON.parse(line) as { step: string; dir: string; coap?: string };
    // A remark, or an Empty message: existing clients acknowledge a push with its token in it, which is none of ours.
    if (coap === undefined || coap.startsWith('00', 2)) continue;
    const decoded = decodeMessage(hex(coap));
    if (decoded.kind === 'malformed') throw new Error(`${step}: ${decoded.reason}`);
    const list = messages.get(step) ?? [];
    messages.set(step, list);
    list.push({ ...decoded.message, up: dir === 'up' });
  }
  return new Map([...messages].map(([step, list]) => [step, exchanges(list)]));
}

function exchanges(messages: readonly (CoapMessage & { readonly up: boolean })[]): Exchange[] {
  const found: Exchange[] = [];
  const key = ({ token }: CoapMessage): string => token.join();
  for (const token of new Set(messages.filter(({ up }) => up).map(key))) {
    const own = messages.filter((message) => key(message) === token);
    // A 2.31 and a push are no answers to map; the follow-ups of a Block2 transfer repeat the request.
    const up = own.filter((message) => message.up && (block(message, OptionNumber.Block2)?.number ?? 0) === 0);
    const down = own.filter(
      ({ up, code, options }) => !up && code !== 0x5f && uintValue(options, OptionNumber.Observe) === undefined,
    );
    const request = assemble(up, OptionNumber.Block1);
    if (request === undefined) throw new Error('a request without all its blocks');
    found.push({ request, response: assemble(down, OptionNumber.Block2) });
  }
  return found;
}

function block({ options }: CoapMessage, number: number): { number: number; more: boolean } | undefined {
  const value = uintValue(options, number);
  return value === undefined ? undefined : { number: value >> 4, more: (value & 8) !== 0 };
}

function assemble(messages: readonly CoapMessage[], number: number): CoapParts | undefined {
  const last = messages.at(-1);
  if (last === undefined) return undefined;
  const complete = messages.every(
    (message, i) =>
      (block(message, number)?.number ?? 0) === i && (block(message, number)?.more ?? false) === (message !== last),
  );
  if (!complete) return undefined;
  const payload = Uint8Array.from(messages.flatMap((message) => [...message.payload]));
  return { code: last.code, options: last.options, payload };
}

const ROOM = '!XcOfsJ2-OAI3XFmQ21ZRvJfryRWOhMLtjjyoWDKgwyA';
const TOKEN = 'Bearer syt_YWxpY2U_xxxxxxxxxxxxxxxxxxxxxxxxxxx';
const SEND = `/_matrix/client/v3/rooms/${ROOM}/send/m.room.message`;
const PROXY = 'client-proxy: versions, login flows, whoami, send, receipt, typing, sync poll 8 s, observe';
const SINCE = 'since=s616_133_6_27_1_1_1_121_0_1_1_1_1_1';

type Meant = [method: string, target: string, authorization: string | undefined, body: unknown];

/** What those clients meant, by step. */
const MEANT: readonly (readonly [step: string, requests: readonly Meant[]])[] = [
  ['coap GET versions', [['GET', '/_matrix/client/versions', undefined, undefined]]],
  [
    'coap GET versions full path with query flag',
    [['GET', '/_matrix/client/v3/login?a=1&b=2&flag=', undefined, undefined]],
  ],
  [
    'coap POST r0 login CBOR',
    [
      [
        'POST',
        '/_matrix/client/v3/login',
        undefined,
        {
          type: 'm.login.password',
          identifier: { type: 'm.id.user', user: 'alice' },
          password: 'pw-xxxxx',
        },
      ],
    ],
  ],
  ['coap PUT r0 send CBOR with Bearer', [['PUT', `${SEND}/wire1`, TOKEN, { msgtype: 'm.text', body: 'Hello World' }]]],
  ['coap PUT r0 send JSON with Bearer', [['PUT', `${SEND}/wire2`, TOKEN, { msgtype: 'm.text', body: 'Hello World' }]]],
  ['coap GET r0 sync (blockwise down) with Bearer', [['GET', '/_matrix/client/v3/sync', TOKEN, undefined]]],
  [
    'coap PUT 3 kB body (blockwise up)',
    [['PUT', `${SEND}/wire3`, TOKEN, { msgtype: 'm.text', body: 'x'.repeat(3000) }]],
  ],
  ['coap GET without token (401)', [['GET', '/_matrix/client/v3/joined_rooms', undefined, undefined]]],
  ['coap GET unknown path (404)', [['GET', '/_matrix/client/r0/nope', TOKEN, undefined]]],
  [
    PROXY,
    [
      ['GET', '/_matrix/client/versions', undefined, undefined],
      ['GET', '/_matrix/client/r0/account/whoami', TOKEN, undefined],
      ['PUT', `${SEND}/wire4`, TOKEN, { msgtype: 'm.text', body: 'Hello again' }],
      [
        'POST',
        `/_matrix/client/v3/rooms/${ROOM}/receipt/m.read/%24uOHsF8Ms2dFcfSQu-fv3w1T6mQdgpx_tVPzL1kDDpJk`,
        TOKEN,
        {},
      ],
      ['PUT', `/_matrix/client/v3/rooms/${ROOM}/typing/%40alice%3Alocalhost`, TOKEN, { typing: true, timeout: 4000 }],
      ['GET', '/_matrix/client/v3/sync?timeout=0', TOKEN, undefined],
      ['GET', `/_matrix/client/v3/sync?timeout=8000&${SINCE}`, TOKEN, undefined],
    ],
  ],
  [
    'client-proxy with observe: two messages pushed',
    [['GET', `/_matrix/client/v3/sync?${SINCE}&timeout=8000`, TOKEN, undefined]],
  ],
];

function meant({ method, target, headers, body }: MappedRequest): Meant {
  const authorization = headers.find(([name]) => name === 'authorization')?.[1];
  return [method, target, authorization, body === undefined ? undefined : JSON.parse(text(body))];
}

describe('what existing clients send is the HTTP request they meant', () => {
  it('for every step of the recording', () => {
    expect([...steps.keys()].sort()).toEqual(MEANT.map(([step]) => step).sort());
  });

  it.each(MEANT)('%s', (step, requests) => {
    const session = createServerSession();
    expect(steps.get(step)!.map(({ request }) => meant(requestToHttp(request, session)))).toEqual(requests);
  });
});

describe('what we answer is what existing clients expect', () => {
  const STATUS: Readonly<Record<string, number>> = { '2.05': 200, '4.01': 401, '4.04': 404 };

  /** Our answer, made of what the homeserver behind the recorded one must have said. */
  function answer(session: ServerSession, request: CoapParts, recorded: CoapParts): CoapParts {
    const { answer: context } = requestToHttp(request, session);
    const body = utf8(JSON.stringify(fromCbor(recorded.payload)));
    return responseToCoap({ status: STATUS[codeToString(recorded.code)]!, headers: [], body }, context, session);
  }

  it.each([...steps].filter(([, list]) => list.some(({ response }) => response?.payload.length)))('%s', (_, list) => {
    const session = createServerSession();
    for (const { request, response } of list) {
      if (response === undefined) continue;
      const ours = answer(session, request, response);
      expect(ours.code).toBe(response.code);
      if (uint(request, OptionNumber.ContentFormat) === ContentFormat.Json) {
        // R7: a JSON request is answered in JSON; the client prints the body it gets.
        expect(uint(ours, OptionNumber.ContentFormat)).toBe(ContentFormat.Json);
        expect(JSON.parse(text(ours.payload))).toEqual(fromCbor(response.payload));
        continue;
      }
      // The label is the one intended difference: theirs says JSON.
      expect(uint(response, OptionNumber.ContentFormat)).toBe(ContentFormat.Json);
      expect(uint(ours, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
      expect(fromCbor(ours.payload)).toEqual(fromCbor(response.payload));
      if (session.keyTable === 1) expect(ours.payload.length).toBeLessThanOrEqual(response.payload.length);
    }
  });

  it('covers 200, 401, 404 and a body of 22 blocks', () => {
    const all = [...steps.values()].flat().flatMap(({ response }) => response ?? []);
    expect(new Set(all.map(({ code }) => codeToString(code)))).toEqual(new Set(['2.05', '4.01', '4.04']));
    expect(Math.max(...all.map(({ payload }) => payload.length))).toBeGreaterThan(21 * 1024);
  });
});

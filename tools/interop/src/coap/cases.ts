import {
  emptyOption,
  findOption,
  OptionNumber,
  opaqueOption,
  stringValues,
  Type,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import { expect } from 'vitest';
import {
  expectBlock1,
  expectBlock2,
  expectConfirmable,
  expectNonConfirmable,
  expectSeparate,
  expectToken,
} from './checks.ts';
import type { Answer, Ask } from './peer.ts';
import type { Sent } from './trace.ts';

/** A response, as the client shows it, and the messages that it took. */
interface Exchange {
  readonly answer: Required<Answer>;
  readonly sent: readonly Sent[];
}

/** What a client that observed has shown, and the messages that it took. */
interface Observed {
  readonly states: readonly Uint8Array[];
  readonly sent: readonly Sent[];
}

/** What a case is run with. */
export interface Bench {
  /** Makes a request of the client to a resource, whose path is `resource` unless the server has it elsewhere. */
  ask(resource: string, ask?: Partial<Ask>): Promise<Exchange>;
  ping(): Promise<readonly Sent[]>;
  /**
   * Makes the client observe a resource until it has shown so many states, and looks on for a while; meanwhile, once the
   * first state is there, `meanwhile` happens. With `forget` our client ends it without a word.
   */
  observe(
    resource: string,
    states: number,
    more?: { readonly meanwhile?: () => Promise<unknown>; readonly forget?: boolean },
  ): Promise<Observed>;
  /** A request of another client, which is always ours, to the same server; its messages are not in what is observed. */
  askApart(resource: string, ask: Partial<Ask>): Promise<Answer>;
  readonly serverIsOurs: boolean;
}

/** A case of the ETSI/IPSO test descriptions for CoAP, or one beside them. */
export interface Case {
  readonly id: string;
  readonly title: string;
  run(bench: Bench): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const octets = [uintOption(OptionNumber.ContentFormat, 42)];
const PATTERN = bytes('0123456789abcdef'.repeat(4096));

const write = (method: 'PUT' | 'POST'): Partial<Ask> => ({ method, options: octets, payload: bytes('a payload') });

export const CASES: readonly Case[] = [
  simple('CORE_01', 'GET', {}, ['2.05']),
  simple('CORE_02', 'DELETE', { method: 'DELETE' }, ['2.02']),
  simple('CORE_03', 'PUT', write('PUT'), ['2.04', '2.01']),
  simple('CORE_04', 'POST', write('POST'), ['2.01', '2.04']),
  simple('CORE_05', 'GET, NON', { confirmable: false }, ['2.05']),
  simple('CORE_06', 'DELETE, NON', { method: 'DELETE', confirmable: false }, ['2.02']),
  simple('CORE_07', 'PUT, NON', { ...write('PUT'), confirmable: false }, ['2.04', '2.01']),
  simple('CORE_08', 'POST, NON', { ...write('POST'), confirmable: false }, ['2.01', '2.04']),
  {
    id: 'CORE_09',
    title: 'a separate response',
    async run({ ask }) {
      const { answer, sent } = await ask('separate');
      expect(answer.code).toBe('2.05');
      expect(answer.payload.length).toBeGreaterThan(0);
      expectSeparate(sent);
    },
  },
  {
    id: 'CORE_10',
    title: 'a token of 1 to 8 bytes',
    async run({ ask }) {
      const { answer, sent } = await ask('test');
      expect(answer.code).toBe('2.05');
      expectConfirmable(sent);
      expectToken(sent, 1, 8);
    },
  },
  {
    id: 'CORE_11',
    title: 'a token and a separate response',
    async run({ ask }) {
      const { answer, sent } = await ask('separate');
      expect(answer.code).toBe('2.05');
      expectSeparate(sent);
      expectToken(sent, 1, 8);
    },
  },
  {
    id: 'CORE_12',
    title: 'an empty token',
    async run({ ask }) {
      const { answer, sent } = await ask('test');
      expect(answer.code).toBe('2.05');
      expectConfirmable(sent);
      expectToken(sent, 0, 0);
    },
  },
  {
    id: 'CORE_13',
    title: 'several Uri-Path options',
    async run({ ask }) {
      const { answer, sent } = await ask('seg1/seg2/seg3');
      expect(answer.code).toBe('2.05');
      expectConfirmable(sent);
      expect(stringValues(sent[0]!.message.options, OptionNumber.UriPath)).toEqual(['seg1', 'seg2', 'seg3']);
    },
  },
  {
    id: 'CORE_14',
    title: 'several Uri-Query options',
    async run({ ask }) {
      const query = ['first=1', 'second=2', 'third=3'];
      const { answer, sent } = await ask('query', { query });
      expect(answer.code).toBe('2.05');
      expectConfirmable(sent);
      expect(stringValues(sent[0]!.message.options, OptionNumber.UriQuery)).toEqual(query);
    },
  },
  {
    id: 'CORE_17',
    title: 'a separate response, NON',
    async run({ ask, serverIsOurs }) {
      const { answer, sent } = await ask('separate', { confirmable: false });
      expect(answer.code).toBe('2.05');
      expectNonConfirmable(sent, serverIsOurs);
    },
  },
  {
    id: 'CORE_18',
    title: 'several Location-Path options',
    async run({ ask }) {
      const { answer, sent } = await ask('test', write('POST'));
      expect(answer.code).toBe('2.01');
      expectConfirmable(sent);
      expect(stringValues(answer.options, OptionNumber.LocationPath)).toEqual(['location1', 'location2', 'location3']);
    },
  },
  {
    id: 'CORE_19',
    title: 'several Location-Query options',
    async run({ ask }) {
      const { answer, sent } = await ask('location-query', write('POST'));
      expect(answer.code).toBe('2.01');
      expectConfirmable(sent);
      expect(stringValues(answer.options, OptionNumber.LocationQuery)).toEqual(['first=1', 'second=2']);
    },
  },
  {
    id: 'CORE_20',
    title: 'Accept',
    async run({ ask }) {
      for (const [format, body] of [
        [0, 'text'],
        [41, '<text/>'],
      ] as const) {
        const { answer, sent } = await ask('multi-format', { options: [uintOption(OptionNumber.Accept, format)] });
        expect(answer.code).toBe('2.05');
        expectConfirmable(sent);
        expect(text(answer.payload)).toBe(body);
        expect(uintValue(answer.options, OptionNumber.ContentFormat)).toBe(format);
      }
    },
  },
  {
    id: 'CORE_21',
    title: 'ETag',
    async run({ ask }) {
      const first = await ask('validate');
      expect(first.answer.code).toBe('2.05');
      const etag = findOption(first.answer.options, OptionNumber.ETag)!;
      const valid = await ask('validate', { options: [etag] });
      expect(valid.answer.code).toBe('2.03');
      expect(findOption(valid.answer.options, OptionNumber.ETag)).toEqual(etag);
      expect(valid.answer.payload.length).toBe(0);
      expect((await ask('validate', { ...write('PUT'), payload: bytes('changed') })).answer.code).toBe('2.04');
      const changed = await ask('validate', { options: [etag] });
      expect(changed.answer.code).toBe('2.05');
      expect(findOption(changed.answer.options, OptionNumber.ETag)).not.toEqual(etag);
      expect(text(changed.answer.payload)).toBe('changed');
    },
  },
  {
    id: 'CORE_22',
    title: 'If-Match',
    async run({ ask }) {
      const put = (payload: string, etag?: Uint8Array) => {
        const ifMatch = etag === undefined ? [] : [opaqueOption(OptionNumber.IfMatch, etag)];
        return ask('validate', { method: 'PUT', payload: bytes(payload), options: [...ifMatch, ...octets] });
      };
      const etagNow = async (): Promise<Uint8Array> =>
        findOption((await ask('validate')).answer.options, OptionNumber.ETag)!.value;
      expect((await put('one', await etagNow())).answer.code).toBe('2.04');
      const stale = await etagNow();
      expect((await put('two')).answer.code).toBe('2.04');
      expect((await put('three', stale)).answer.code).toBe('4.12');
      expect(text((await ask('validate')).answer.payload)).toBe('two');
    },
  },
  {
    id: 'CORE_23',
    title: 'If-None-Match',
    async run({ ask }) {
      const create: Partial<Ask> = {
        method: 'PUT',
        options: [emptyOption(OptionNumber.IfNoneMatch), ...octets],
        payload: bytes('new'),
      };
      expect((await ask('create1', create)).answer.code).toBe('2.01');
      expect((await ask('create1', create)).answer.code).toBe('4.12');
    },
  },
  {
    id: 'CORE_31',
    title: 'ping',
    async run({ ping }) {
      const [request, answer] = await ping();
      expect(request!.message).toMatchObject({ type: Type.CON, code: 0, payload: new Uint8Array() });
      expect(answer!.message).toMatchObject({ type: Type.RST, code: 0, messageId: request!.message.messageId });
    },
  },
  {
    id: 'BLOCK_01',
    title: 'GET of 64 KiB in blocks of 256 bytes that the client asks for',
    run: download(4),
  },
  { id: 'BLOCK_02', title: 'GET of 64 KiB, the server chooses the blocks', run: download() },
  {
    id: 'BLOCK_03',
    title: 'PUT of 64 KiB',
    async run({ ask, serverIsOurs }) {
      const { answer, sent } = await ask('large-update', { method: 'PUT', payload: PATTERN, options: octets });
      expect(['2.04', '2.01']).toContain(answer.code);
      expectBlock1(sent, serverIsOurs);
      expect((await ask('large-update')).answer.payload).toEqual(PATTERN);
    },
  },
  {
    id: 'BLOCK_04',
    title: 'POST of 64 KiB that makes a resource',
    async run({ ask, serverIsOurs }) {
      const { answer, sent } = await ask('large-create', { method: 'POST', payload: PATTERN, options: octets });
      expect(answer.code).toBe('2.01');
      expectBlock1(sent, serverIsOurs);
      const location = stringValues(answer.options, OptionNumber.LocationPath)!;
      expect(location[0]).toBe('large-create');
      expect((await ask(location.join('/'))).answer.payload).toEqual(PATTERN);
    },
  },
  {
    id: 'BLOCK_05',
    title: 'POST of 64 KiB with a response of 64 KiB',
    async run({ ask, serverIsOurs }) {
      const { answer, sent } = await ask('large-post', { method: 'POST', payload: PATTERN, options: octets });
      expect(answer.code).toBe('2.04');
      expectBlock1(sent, serverIsOurs);
      expectBlock2(sent, 6);
      expect(text(answer.payload)).toBe(text(PATTERN).toUpperCase());
    },
  },
  {
    id: 'BLOCK_06',
    title: 'GET in blocks of 16 bytes that the client asks for',
    async run({ ask }) {
      // 64 KiB would be 4,096 of these and show nothing more.
      const body = PATTERN.subarray(0, 1600);
      await ask('large-update', { method: 'PUT', payload: body, options: octets });
      const { answer, sent } = await ask('large-update', { szx: 0 });
      expect(answer.payload).toEqual(body);
      expectBlock2(sent, 0);
    },
  },
];

/** A case of one request to /test. */
function simple(id: string, title: string, ask: Partial<Ask>, codes: readonly string[]): Case {
  return {
    id,
    title,
    async run(bench) {
      const { answer, sent } = await bench.ask('test', ask);
      expect(codes).toContain(answer.code);
      if (ask.method === undefined) {
        expect(answer.payload.length).toBeGreaterThan(0);
        expect(uintValue(answer.options, OptionNumber.ContentFormat)).toBeDefined();
      }
      if (ask.confirmable === false) expectNonConfirmable(sent, bench.serverIsOurs);
      else expectConfirmable(sent);
    },
  };
}

/** GET of 64 KiB in blocks. */
function download(szx?: number): Case['run'] {
  return async ({ ask }) => {
    const { answer, sent } = await ask('large', szx === undefined ? {} : { szx });
    expect(answer.code).toBe('2.05');
    expect(answer.payload).toEqual(PATTERN);
    expectBlock2(sent, szx ?? 6);
  };
}

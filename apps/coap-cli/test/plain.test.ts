import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Code,
  ContentFormat,
  findOption,
  OptionNumber,
  stringOption,
  stringValues,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import type { IncomingRequest } from '@lb-matrix/coap-endpoint';
import { encodeJson } from '@lb-matrix/lb-cbor-keys';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { coap } from './support/coap.ts';
import { closedPort, plainServer, type TestServer } from './support/servers.ts';

// Each run loads coap from source; a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

const BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);
const JSON_TEXT = '{"hello":"world","42":[1.5,null]}';

/** Answers by path. */
function answer({ options, payload }: IncomingRequest) {
  const path = stringValues(options, OptionNumber.UriPath)!.join('/');
  switch (path) {
    case 'bytes':
      return { code: Code.Content, options: [], payload: BYTES };
    case 'large':
      return {
        code: Code.Content,
        options: [uintOption(OptionNumber.ContentFormat, 42)],
        payload: new Uint8Array(100_000).fill(7),
      };
    case 'echo':
      return { code: Code.Changed, options: [uintOption(OptionNumber.ContentFormat, ContentFormat.Cbor)], payload };
    case 'text':
      return {
        code: Code.Content,
        options: [uintOption(OptionNumber.ContentFormat, 0)],
        payload: new TextEncoder().encode('%d é'),
      };
    case 'options':
      return {
        code: Code.Created,
        options: [
          stringOption(OptionNumber.LocationPath, 'a\u001b[31mb'),
          uintOption(OptionNumber.MaxAge, 30),
          { number: OptionNumber.ETag, value: Uint8Array.of(0xab, 1) },
        ],
        payload: new Uint8Array(),
      };
    default:
      return { code: Code.NotFound, options: [], payload: new TextEncoder().encode('no such thing') };
  }
}

let server: TestServer;
let folder: string;
let base: string;
beforeAll(async () => {
  server = await plainServer(answer);
  base = `coap://127.0.0.1:${server.port}`;
  folder = await mkdtemp(join(tmpdir(), 'coap-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

test('a body is printed as the bytes that came', async () => {
  const { code, stdout, stderr } = await coap([`${base}/bytes`]);
  expect({ code, stderr, bytes: [...stdout] }).toEqual({ code: 0, stderr: '', bytes: [...BYTES] });
});

test('a request carries what its URI says and nothing of MSC3079', async () => {
  await coap([`${base}/a%2Fb/c%20?x=1&y`]);
  const { code, options } = server.requests.at(-1)!;
  expect(code).toBe(Code.GET);
  expect(options).toEqual([
    stringOption(OptionNumber.UriPath, 'a/b'),
    stringOption(OptionNumber.UriPath, 'c '),
    stringOption(OptionNumber.UriQuery, 'x=1'),
    stringOption(OptionNumber.UriQuery, 'y'),
  ]);
});

test('a path under /_matrix/ goes by its enum, and announces that all codes are understood', async () => {
  await coap([`${base}/_matrix/client/versions`]);
  const { options } = server.requests.at(-1)!;
  expect(stringValues(options, OptionNumber.UriPath)).toEqual(['0']);
  expect(uintValue(options, 65_002)).toBe(0x10);
});

test('a CoAP error is exit code 1, its body on stdout and nothing on stderr', async () => {
  const { code, stdout, stderr } = await coap([`${base}/nothing`]);
  expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 1, stdout: 'no such thing', stderr: '' });
});

test('a body of many blocks arrives whole', async () => {
  const { code, stdout } = await coap([`${base}/large`]);
  expect(code).toBe(0);
  expect(stdout.equals(new Uint8Array(100_000).fill(7))).toBe(true);
});

describe('a request body', () => {
  test('goes as it is, as a POST, without a format that nobody named', async () => {
    const file = join(folder, 'body');
    await writeFile(file, BYTES);
    const { stdout } = await coap(['-d', `@${file}`, `${base}/echo`]);
    expect([...stdout]).toEqual([...BYTES]);
    const { code, options } = server.requests.at(-1)!;
    expect(code).toBe(Code.POST);
    expect(findOption(options, OptionNumber.ContentFormat)).toBeUndefined();
  });

  test('has the formats that -H names', async () => {
    await coap([
      '-X',
      'PUT',
      '-d',
      'x',
      '-H',
      'content-type: text/plain',
      '-H',
      'Accept: application/cbor',
      `${base}/echo`,
    ]);
    const { code, options } = server.requests.at(-1)!;
    expect(code).toBe(Code.PUT);
    expect(uintValue(options, OptionNumber.ContentFormat)).toBe(ContentFormat.TextPlain);
    expect(uintValue(options, OptionNumber.Accept)).toBe(ContentFormat.Cbor);
  });

  test('of a format that CoAP has no number for is a usage error', async () => {
    const { code, stderr } = await coap(['-d', 'x', '-H', 'Content-Type: image/x-none', `${base}/echo`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/image\/x-none has no number/);
  });

  test('of --json goes as CBOR with text keys, and its answer comes back as JSON', async () => {
    const { code, stdout } = await coap(['--json', JSON_TEXT, `${base}/echo`]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: JSON_TEXT });
    const { options, payload } = server.requests.at(-1)!;
    expect(uintValue(options, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    expect(uintValue(options, OptionNumber.Accept)).toBe(ContentFormat.Cbor);
    expect(payload).toEqual(encodeJson(JSON_TEXT));
  });

  test('of --json that is no JSON is a usage error that says where', async () => {
    const { code, stderr } = await coap(['--json', '{"a":', `${base}/echo`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^coap: --json: .* at byte 5\nTry 'coap --help'\.\n$/);
  });
});

test('--json prints an answer that is not CBOR as it came, and says so', async () => {
  const { code, stdout, stderr } = await coap(['-X', 'GET', '--json', '', `${base}/text`]);
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '%d é' });
  expect(stderr).toMatch(/^coap: the answer is not CBOR/);
});

test('-i prints status and options first; a peer cannot drive the terminal', async () => {
  const { stdout } = await coap(['-i', '-X', 'PUT', `${base}/options`]);
  expect(stdout.toString()).toBe('2.01 Created\r\nETag: 0xab01\r\nLocation-Path: a\\u{1b}[31mb\r\nMax-Age: 30\r\n\r\n');
});

describe('localhost', () => {
  test.each(['127.0.0.1', '::1'])('finds a server on %s', async (host) => {
    const local = await plainServer(answer, host);
    const { code, stderr } = await coap([`coap://localhost:${local.port}/bytes`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(findOption(local.requests[0]!.options, OptionNumber.UriHost)).toEqual(
      stringOption(OptionNumber.UriHost, 'localhost'),
    );
    await local.close();
  });

  test('without a server is exit code 7', async () => {
    const { code, stderr } = await coap([`coap://localhost:${await closedPort()}/`]);
    expect(code).toBe(7);
    expect(stderr).toMatch(/^FATAL: nobody listens on localhost:\d+ \(connection refused\): check the port/);
  });
});

test('a port where nobody listens is exit code 7', async () => {
  const port = await closedPort();
  const { code, stdout, stderr } = await coap([`coap://127.0.0.1:${port}/`]);
  expect({ code, stdout: stdout.length }).toEqual({ code: 7, stdout: 0 });
  expect(stderr).toBe(
    `FATAL: nobody listens on 127.0.0.1:${port} (connection refused): check the port, and that the server runs\n`,
  );
});

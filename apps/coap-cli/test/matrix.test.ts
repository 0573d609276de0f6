import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
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
import type { CoapResponse, IncomingRequest } from '@lb-matrix/coap-endpoint';
import { decodeToJson, encodeJson, keyTable } from '@lb-matrix/lb-cbor-keys';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { coap } from './support/coap.ts';
import { blackHole, closedPort, dtlsServer, type TestServer, testCertificate } from './support/servers.ts';

// Each run loads coap from source; a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

const VERSIONS = encodeJson('{"versions":["v1.11"],"unstable_features":{"100%d":true}}');
const LIMITED = encodeJson('{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}');
const CBOR = uintOption(OptionNumber.ContentFormat, ContentFormat.Cbor);
const EVENT = '{"event_id":"$e","sender":"@a:h","content":{"body":"Hello World"}}';

const pathOf = ({ options }: IncomingRequest) => stringValues(options, OptionNumber.UriPath)!.join('/');

async function answer(request: IncomingRequest): Promise<CoapResponse> {
  switch (pathOf(request)) {
    case '0':
      return { code: Code.Content, options: [CBOR], payload: VERSIONS };
    case '7':
      // /sync: a long-poll that outlasts the retransmission of an unacknowledged request.
      request.acknowledge();
      await new Promise((resolve) => setTimeout(resolve, 3500));
      return { code: Code.Content, options: [CBOR], payload: encodeJson('{}') };
    case '_matrix/client/v3/limited':
      return { code: Code.TooManyRequests, options: [CBOR, uintOption(OptionNumber.MaxAge, 2)], payload: LIMITED };
    case '_matrix/client/v3/echo':
      return { code: Code.Changed, options: [CBOR], payload: request.payload };
    default:
      return { code: Code.NotFound, options: [], payload: new Uint8Array() };
  }
}

const localhost = testCertificate({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'] });
const elsewhere = testCertificate({ dnsNames: ['elsewhere.example'] });
let folder: string;
let cacert: string;
let server: TestServer;
let base: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coap-'));
  cacert = join(folder, 'ca.pem');
  await writeFile(cacert, localhost.pem);
  server = await dtlsServer(answer, { certificate: localhost });
  base = `https://localhost:${server.port}/_matrix/client`;
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const last = () => server.requests.at(-1)!;

test("the guide's first command prints the homeserver's versions as CBOR", async () => {
  const { code, stdout, stderr } = await coap(['-X', 'GET', '-k', `${base}/versions`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.equals(VERSIONS)).toBe(true);
  expect(last().code).toBe(Code.GET);
  expect(last().options).toEqual([stringOption(OptionNumber.UriPath, '0'), uintOption(65_002, 0x10)]);
});

test('an HTTP error is exit code 1, its body on stdout and nothing on stderr', async () => {
  const { code, stdout, stderr } = await coap(['-k', `${base}/v3/limited`]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(stdout.equals(LIMITED)).toBe(true);
});

describe('a body', () => {
  test.each(['{"a":1}', 'no JSON'])('%j that is not CBOR goes as JSON', async (body) => {
    await coap(['-X', 'PUT', '-d', body, '-k', `${base}/v3/echo`]);
    expect(last().code).toBe(Code.PUT);
    expect(uintValue(last().options, OptionNumber.ContentFormat)).toBe(ContentFormat.Json);
    expect(new TextDecoder().decode(last().payload)).toBe(body);
  });

  test('of CBOR from a file goes as CBOR, byte for byte', async () => {
    const file = join(folder, 'event.cbor');
    const body = encodeJson(EVENT, { keys: keyTable(1) });
    await writeFile(file, body);
    const { stdout } = await coap(['-d', `@${file}`, '-k', `${base}/v3/echo`]);
    expect(uintValue(last().options, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    expect(last().payload).toEqual(body);
    expect(stdout.equals(body)).toBe(true);
  });

  test('of CBOR from stdin too', async () => {
    const body = encodeJson(EVENT);
    const { stdout } = await coap(['-X', 'POST', '-d', '-', '-k', `${base}/v3/echo`], { stdin: body });
    expect(stdout.equals(body)).toBe(true);
  });

  test('has the type and the answer the type that -H names', async () => {
    await coap([
      '-d',
      'x',
      '-H',
      'Content-Type: text/plain',
      '-H',
      'accept: application/json',
      '-k',
      `${base}/v3/echo`,
    ]);
    expect(uintValue(last().options, OptionNumber.ContentFormat)).toBe(ContentFormat.TextPlain);
    expect(uintValue(last().options, OptionNumber.Accept)).toBe(ContentFormat.Json);
  });

  test('of --json goes as CBOR with integer keys and comes back as JSON', async () => {
    const { code, stdout } = await coap(['--json', EVENT, '-k', `${base}/v3/echo`]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: EVENT });
    expect(last().payload).toEqual(encodeJson(EVENT, { keys: keyTable(1) }));
    expect(decodeToJson(last().payload).length).toBe(EVENT.length);
  });

  test('of --json that is no JSON is a usage error that says where', async () => {
    const { code, stderr } = await coap(['--json', '{a}', '-k', `${base}/v3/echo`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^coap: --json: .+, at byte 1\nTry 'coap --help'\.\n$/);
  });

  test('in a GET is a usage error', async () => {
    const { code, stderr } = await coap(['-X', 'GET', '-d', '{}', '-k', `${base}/v3/echo`]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "coap: A GET request has no body\nTry 'coap --help'.\n" });
  });

  test('of 1 MiB goes in blocks within IP packets of 296 bytes and comes back byte for byte', {
    timeout: 120_000,
  }, async () => {
    const file = join(folder, 'large');
    const body = randomBytes(1 << 20);
    await writeFile(file, body);
    const type = 'Content-Type: application/octet-stream';
    const { code, stdout, stderr } = await coap([
      '--mtu',
      '296',
      '-d',
      `@${file}`,
      '-H',
      type,
      '-k',
      `${base}/v3/echo`,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.equals(body)).toBe(true);
  });
});

test('the token goes in option 256, without its scheme', async () => {
  await coap(['-H', 'Authorization: Bearer syt_secret', '-k', `${base}/v3/echo`]);
  expect(findOption(last().options, OptionNumber.Authorization)).toEqual(
    stringOption(OptionNumber.Authorization, 'syt_secret'),
  );
});

test('a token that CoAP cannot carry is a usage error', async () => {
  const { code, stderr } = await coap(['-H', 'Authorization: Basic YTpi', '-k', `${base}/v3/echo`]);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "coap: Authorization is not a Bearer token\nTry 'coap --help'.\n",
  });
});

test('--json prints an error without a body as a Matrix error', async () => {
  const { code, stdout } = await coap(['-X', 'GET', '--json', '', '-k', `${base}/v3/nothing`]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout.toString())).toEqual({ errcode: 'M_UNKNOWN', error: '4.04' });
});

test('a long-poll waits for its answer without sending again', async () => {
  const { code, stderr } = await coap(['-v', '-k', `${base}/v3/sync?timeout=30000`]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^\* round trips: 2; retransmissions: 0$/m);
});

describe('--ciphers', () => {
  const SUITE = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';

  test('offers these suites and no others', async () => {
    const { code, stderr } = await coap(['-v', '-k', '--ciphers', SUITE, `${base}/versions`]);
    expect(code).toBe(0);
    expect(stderr).toContain(`DTLS 1.2, ${SUITE}, `);
  });

  test('names those that there are where one is unknown', async () => {
    const { code, stderr } = await coap(['-k', '--ciphers', `${SUITE},AES128`, `${base}/versions`]);
    expect(code).toBe(2);
    expect(stderr).toContain('coap: --ciphers: AES128 is none of TLS_');
    expect(stderr).toContain(SUITE);
  });
});

test('-v tells everything on stderr and leaves stdout to the body', async () => {
  const { stdout, stderr } = await coap([
    ...['-v', '-X', 'PUT', '-d', '{}', '-H', 'Authorization: Bearer syt_secret', '-H', 'X-Other: 1', '-k'],
    `${base}/v3/echo`,
  ]);
  expect(stdout.toString()).toBe('{}');
  expect(stderr).not.toContain('syt_secret');
  expect(
    stderr
      .split('\n')
      .map((line) => line.replace(/\d+\.\d ms/g, 'T ms').replace(/bytes: \d+ up, \d+ down/, 'bytes: N up, N down')),
  ).toEqual([
    `* trying ::1 port ${server.port}`,
    `* trying 127.0.0.1 port ${server.port}`,
    '* connected to 127.0.0.1, DTLS 1.3, TLS_AES_128_GCM_SHA256, x25519, certificate not verified (-k)',
    '* handshake: datagrams: 1 up, 1 down; bytes: N up, N down',
    '* -H X-Other: is not carried over CoAP',
    '> PUT /_matrix/client/v3/echo',
    '> Authorization: Bearer (not shown)',
    '> Content-Type: application/json',
    '>',
    '< 2.04 Changed',
    '< Content-Type: application/cbor',
    '<',
    '* time: dns T ms, handshake T ms, first byte after T ms, total T ms',
    '* datagrams: 2 up, 2 down; bytes: N up, N down',
    '* round trips: 2; retransmissions: 0',
    '',
  ]);
});

test('-i prints status and headers before the body', async () => {
  const { code, stdout } = await coap(['-i', '-k', `${base}/v3/limited`]);
  expect(code).toBe(1);
  const head = '4.29 Too Many Requests\r\nContent-Type: application/cbor\r\nMax-Age: 2\r\n\r\n';
  expect(stdout.equals(Buffer.concat([Buffer.from(head), LIMITED]))).toBe(true);
});

describe('-o', () => {
  test('takes the body, of an HTTP error too', async () => {
    const file = join(folder, 'out');
    const { code, stdout } = await coap(['-o', file, '-k', `${base}/v3/limited`]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 1, stdout: 0 });
    expect(await readFile(file)).toEqual(Buffer.from(LIMITED));
  });

  test('leaves the file alone when there is no answer', async () => {
    const file = join(folder, 'kept');
    await writeFile(file, 'before');
    expect((await coap(['-o', file, '-k', `https://127.0.0.1:${await closedPort()}/`])).code).toBe(7);
    expect(await readFile(file, 'utf8')).toBe('before');
  });

  test('is tried before anything is sent', async () => {
    const before = server.requests.length;
    const { code, stderr } = await coap(['-o', join(folder, 'no', 'file'), '-k', `${base}/versions`]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `FATAL: cannot write ${join(folder, 'no', 'file')}: there is no folder ${join(folder, 'no')}\n`,
    );
    expect((await coap(['-o', folder, '-k', `${base}/versions`])).stderr).toContain('it is a directory');
    expect(server.requests).toHaveLength(before);
  });
});

describe('the certificate', () => {
  test('verifies with --cacert', async () => {
    const { code, stdout, stderr } = await coap(['--cacert', cacert, `${base}/versions`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.equals(VERSIONS)).toBe(true);
  });

  test('of an unknown issuer is exit code 60, with what to do', async () => {
    const before = server.requests.length;
    const { code, stdout, stderr } = await coap([`${base}/versions`]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 60, stdout: 0 });
    expect(stderr).toMatch(/^FATAL: the certificate of localhost:\d+ does not verify: .*--cacert FILE.* -k.*\n$/);
    expect(server.requests).toHaveLength(before);
  });

  test('of another name is exit code 60', async () => {
    const other = await dtlsServer(answer, { certificate: elsewhere });
    const pem = join(folder, 'elsewhere.pem');
    await writeFile(pem, elsewhere.pem);
    const { code, stderr } = await coap(['--cacert', pem, `https://127.0.0.1:${other.port}/`]);
    expect(code).toBe(60);
    expect(stderr).toContain('127.0.0.1');
    await other.close();
  });

  test('verifies with --ca-native when the system trusts its issuer, and with --cacert beside it', async () => {
    const trusted = await coap(['--ca-native', `${base}/versions`], { env: { SSL_CERT_FILE: cacert } });
    expect(trusted).toMatchObject({ code: 0, stderr: '' });
    const other = join(folder, 'other.pem');
    await writeFile(other, elsewhere.pem);
    const distrusted = await coap(['--ca-native', `${base}/versions`], { env: { SSL_CERT_FILE: other } });
    expect(distrusted.code).toBe(60);
    const both = await coap(['--ca-native', '--cacert', cacert, `${base}/versions`], { env: { SSL_CERT_FILE: other } });
    expect(both).toMatchObject({ code: 0, stderr: '' });
  });

  test('file that is missing, or is none, is exit code 2', async () => {
    const missing = join(folder, 'missing.pem');
    const { code, stderr } = await coap(['--cacert', missing, `${base}/versions`]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `FATAL: cannot read ${missing}: no such file or directory\n` });
    const none = join(folder, 'none.pem');
    await writeFile(none, 'none');
    expect((await coap(['--cacert', none, `${base}/versions`])).stderr).toMatch(
      /^FATAL: .*none\.pem: .*BEGIN CERTIFICATE/,
    );
  });
});

test.each(['127.0.0.1', '::1'])('localhost finds a server on %s', async (host) => {
  const local = await dtlsServer(answer, { certificate: localhost, host });
  const { code } = await coap(['--cacert', cacert, `https://localhost:${local.port}/_matrix/client/versions`]);
  expect(code).toBe(0);
  expect(local.requests).toHaveLength(1);
  await local.close();
});

test('SSLKEYLOGFILE gets the secrets, for its owner alone', async () => {
  const file = join(folder, 'keys');
  await coap(['-k', `${base}/versions`], { env: { SSLKEYLOGFILE: file } });
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(4); // of DTLS 1.3: two secrets for each direction
  for (const line of lines)
    expect(line).toMatch(/^(CLIENT|SERVER)_(HANDSHAKE_)?TRAFFIC_SECRET(_0)? [\da-f]{64} [\da-f]{64}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

describe('without an answer', () => {
  test('a name that does not resolve is exit code 6', async () => {
    const { code, stderr } = await coap(['-k', 'https://no.such.host.invalid/']);
    expect(code).toBe(6);
    expect(stderr).toMatch(/^FATAL: cannot resolve no\.such\.host\.invalid: check the name/);
  });

  test('a port where nobody listens is exit code 7', async () => {
    const port = await closedPort();
    for (const host of ['127.0.0.1', 'localhost']) {
      const { code, stdout, stderr } = await coap(['-k', `https://${host}:${port}/`]);
      expect({ code, stdout: stdout.length }).toEqual({ code: 7, stdout: 0 });
      expect(stderr).toMatch(/^FATAL: nobody listens on [\w.]+:\d+ \(connection refused\): check the port/);
    }
  });

  test.each(['coap', 'https'])('a black hole over %s is exit code 28 when --max-time is over', async (scheme) => {
    const hole = await blackHole();
    const { code, stderr } = await coap(['-k', '--max-time', '2', `${scheme}://127.0.0.1:${hole.port}/`]);
    expect({ code, stderr }).toEqual({
      code: 28,
      stderr: `FATAL: no answer from 127.0.0.1:${hole.port} within 2 s (--max-time)\n`,
    });
    expect(hole.datagrams.length).toBeGreaterThan(0);
    hole.close();
  });

  test('a server that refuses the handshake is exit code 35', async () => {
    const refusing = await blackHole({ reply: Buffer.from('15fefd000000000000000000020228', 'hex') });
    const { code, stderr } = await coap(['-k', `https://127.0.0.1:${refusing.port}/`]);
    expect(code).toBe(35);
    expect(stderr).toMatch(/^FATAL: the DTLS handshake with 127\.0\.0\.1:\d+ failed: .*handshake_failure/);
    refusing.close();
  });
});

test.each([
  [['-d', '@/no/such/file'], /^FATAL: cannot read \/no\/such\/file: no such file or directory\n$/],
  [['-H', 'nocolon'], /^coap: -H 'nocolon' is malformed: write it as 'Name: value'\nTry 'coap --help'\.\n$/],
  [['-X', 'PATCH'], /^coap: PATCH is not sent over CoAP here/],
])('%j is exit code 2', async (args, message) => {
  const { code, stderr } = await coap([...args, '-k', `${base}/versions`]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, ContentFormat, OptionNumber, stringValues, uintOption } from '@lb-matrix/coap-codec';
import type { CoapResponse, IncomingRequest, Observation } from '@lb-matrix/coap-endpoint';
import { encodeJson } from '@lb-matrix/lb-cbor-keys';
import { describe, expect, onTestFinished, test } from 'vitest';
import { start } from './support/coap.ts';
import { dtlsServer, plainServer, testCertificate } from './support/servers.ts';

const CBOR = uintOption(OptionNumber.ContentFormat, ContentFormat.Cbor);
const WAIT = { timeout: 10_000, interval: 20 };

const state = (body: string | Uint8Array, ...options: CoapResponse['options']): CoapResponse => ({
  code: Code.Content,
  options,
  payload: typeof body === 'string' ? new TextEncoder().encode(body) : body,
});

/** A server with one resource that can be observed, and one that cannot. */
function observable(first: CoapResponse) {
  const observations: Observation[] = [];
  const handler = (request: IncomingRequest): CoapResponse => {
    if (stringValues(request.options, OptionNumber.UriPath)?.[0] === 'fixed') return first;
    const observation = request.observe();
    if (observation) observations.push(observation);
    return first;
  };
  return { observations, handler };
}

/** A run of `coap --observe` whose output is awaited. */
function observing(args: readonly string[]) {
  const { child, done } = start(['--observe', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.end();
  let stdout = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = Buffer.concat([stdout, chunk]);
  });
  const printed = (text: string) => expect.poll(() => stdout.toString(), WAIT).toBe(text);
  return { child, done, printed };
}

describe('--observe', { timeout: 30_000 }, () => {
  test('prints each state as it comes; Ctrl-C deregisters and is exit code 0', async () => {
    const { observations, handler } = observable(state('1'));
    const server = await plainServer(handler);
    onTestFinished(() => server.close());
    const { child, done, printed } = observing([`coap://127.0.0.1:${server.port}/count`]);
    await printed('1');
    expect(await observations[0]!.notify(state('2'))).toBe('acknowledged');
    await printed('12');
    await observations[0]!.notify(state('3'));
    await printed('123');
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 0, stderr: '' });
    await expect.poll(() => observations[0]!.signal.reason, WAIT).toBe('cancelled');
  });

  test('over DTLS, as --json: one line each', async () => {
    const { observations, handler } = observable(state(encodeJson('{"n":1}'), CBOR));
    const certificate = testCertificate({ ipAddresses: ['127.0.0.1'] });
    const server = await dtlsServer(handler, { certificate });
    onTestFinished(() => server.close());
    const { child, done, printed } = observing(['-k', '--json', '', `coaps://127.0.0.1:${server.port}/count`]);
    await printed('{"n":1}\n');
    await observations[0]!.notify(state(encodeJson('{"n":[2,null]}'), CBOR));
    await printed('{"n":1}\n{"n":[2,null]}\n');
    child.kill('SIGTERM');
    expect(await done).toMatchObject({ code: 0, stderr: '' });
    await expect.poll(() => observations[0]!.signal.aborted, WAIT).toBe(true);
  });

  test('with -i and -o: heads too, in a file that begins anew', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coap-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'out');
    await writeFile(file, 'what was there before');
    const { observations, handler } = observable(state('a'));
    const server = await plainServer(handler);
    onTestFinished(() => server.close());
    const { child, done } = observing(['-i', '-o', file, `coap://127.0.0.1:${server.port}/count`]);
    const written = () => readFile(file, 'latin1');
    await expect.poll(written, WAIT).toMatch(/^2\.05 Content\r\nObserve: \d+\r\n\r\na$/);
    await observations[0]!.notify(state('b'));
    await expect.poll(written, WAIT).toMatch(/a2\.05 Content\r\nObserve: \d+\r\n\r\nb$/);
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 0, stderr: '' });
  });

  test('ends when nobody reads any more', async () => {
    const { observations, handler } = observable(state('1'));
    const server = await plainServer(handler);
    onTestFinished(() => server.close());
    const { child, done, printed } = observing([`coap://127.0.0.1:${server.port}/count`]);
    await printed('1');
    child.stdout.destroy();
    await once(child.stdout, 'close');
    // The first one finds the pipe closed, or fills it.
    for (let i = 0; i < 3 && !observations[0]!.signal.aborted; i++) await observations[0]!.notify(state('x'));
    expect(await done).toMatchObject({ code: 0, stderr: '' });
  });

  test('a server that does not notify, or stops, is said on stderr', async () => {
    const { observations, handler } = observable(state('1'));
    const server = await plainServer(handler);
    onTestFinished(() => server.close());
    const fixed = observing([`coap://127.0.0.1:${server.port}/fixed`]);
    const stderr = 'coap: the server tells of no more changes\n';
    expect(await fixed.done).toMatchObject({ code: 0, stdout: Buffer.from('1'), stderr });
    const { done, printed } = observing([`coap://127.0.0.1:${server.port}/count`]);
    await printed('1');
    observations[0]!.end({ code: Code.NotFound, options: [], payload: new TextEncoder().encode(' gone') });
    expect(await done).toMatchObject({ code: 1, stdout: Buffer.from('1 gone'), stderr: '' });
  });

  test('ends when --max-time is over: with an answer that is exit code 0, without one 28', async () => {
    const { observations, handler } = observable(state('1'));
    const server = await plainServer(handler);
    onTestFinished(() => server.close());
    const answered = observing(['--max-time', '3', `coap://127.0.0.1:${server.port}/count`]);
    expect(await answered.done).toMatchObject({ code: 0, stdout: Buffer.from('1'), stderr: '' });
    await expect.poll(() => observations[0]!.signal.reason, WAIT).toBe('cancelled');
    const silent = await plainServer(() => new Promise(() => undefined));
    onTestFinished(() => silent.close());
    const { code } = await observing(['--max-time', '1', `coap://127.0.0.1:${silent.port}/`]).done;
    expect(code).toBe(28);
  });

  test('-v tells of each state', async () => {
    const { observations, handler } = observable(state('1'));
    const server = await plainServer(handler);
    onTestFinished(() => server.close());
    const { child, done, printed } = observing(['-v', `coap://127.0.0.1:${server.port}/count`]);
    await printed('1');
    await observations[0]!.notify(state('2'));
    await printed('12');
    child.kill('SIGINT');
    const { stderr } = await done;
    expect(stderr.match(/^< 2\.05 Content\n< Observe: \d+$/gm)).toHaveLength(2);
    expect(stderr).toMatch(/^\* datagrams: \d up, 2 down/m);
  });
});

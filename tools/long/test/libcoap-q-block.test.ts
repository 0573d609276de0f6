/**
 * RFC 9177 with libcoap 4.3.4 of Debian 13, the first whose programs speak it, over plain UDP, and over pipes that lose datagrams.
 * coap-client asks for bodies with Q-Block1 only: of what it gets it takes those of RFC 7959, whoever the server is.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type CoapMessage, Code, decodeMessage, OptionNumber, stringOption, uintOption } from '@lb-matrix/coap-codec';
import { type CoapClient, connect, type DatagramPipe, listen } from '@lb-matrix/coap-endpoint';
import { connectUdp, listenUdp, nodePlatform as platform } from '@lb-matrix/coap-endpoint/node';
import { freeUdpPort } from '@lb-matrix/interop/free-port';
import { debianRoot } from '@lb-matrix/interop/install';
import { type Peer, startPeer } from '@lb-matrix/interop/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const BODY = Uint8Array.from({ length: 25_000 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0xff);
/** Use its own block-wise transfer (1), and try Q-Block (4). */
const TRY_Q_BLOCK = ['-L', '5'];

let root: string;
beforeAll(() => {
  root = debianRoot('trixie', 'libcoap3-bin');
}, 600_000);

const libcoap = (program: string, ...args: string[]): Peer => startPeer('chroot', [root, program, ...args]);

/** A pipe that keeps what passes, and loses that for which `drop` says true. */
function watched(pipe: DatagramPipe, drop: (message: CoapMessage) => boolean): DatagramPipe & { log: CoapMessage[] } {
  const log: CoapMessage[] = [];
  const passes = (datagram: Uint8Array): boolean => {
    const decoded = decodeMessage(new Uint8Array(datagram));
    if (decoded.kind !== 'message') throw new Error('malformed');
    log.push(decoded.message);
    return !drop(decoded.message);
  };
  const both = {
    log,
    peer: pipe.peer,
    maxPayload: pipe.maxPayload,
    onDatagram: undefined as DatagramPipe['onDatagram'],
    onClose: undefined as DatagramPipe['onClose'],
    send: (datagram: Uint8Array) => {
      if (passes(datagram)) pipe.send(datagram);
    },
    close: () => pipe.close(),
  };
  pipe.onDatagram = (datagram, now) => {
    if (passes(datagram)) both.onDatagram?.(datagram, now);
  };
  pipe.onClose = (reason) => both.onClose?.(reason);
  return both;
}

const blocksOf = (log: readonly CoapMessage[], number: number): number =>
  log.filter(({ options }) => options.some((option) => option.number === number)).length;

/** Says true for these messages with an option, counted from 1, and once each. */
function dropping(option: number, ...which: number[]): (message: CoapMessage) => boolean {
  let count = 0;
  return ({ options }) => options.some(({ number }) => number === option) && which.includes(++count);
}

describe('our client and coap-server', () => {
  let server: Peer;
  let port: number;
  beforeAll(async () => {
    port = await freeUdpPort();
    const args = ['-A', '127.0.0.1', '-p', String(port), '-d', '20', '-v', '7', ...TRY_Q_BLOCK];
    server = libcoap('coap-server-notls', ...args);
    await server.waitFor(/created UDP {2}endpoint/);
  });
  afterAll(() => server.stop());

  async function connected(
    drop: (message: CoapMessage) => boolean,
  ): Promise<{ client: CoapClient; log: CoapMessage[] }> {
    const pipe = watched(await connectUdp({ host: '127.0.0.1', port }), drop);
    return { client: connect(pipe, { platform, blockwise: 'rfc9177' }), log: pipe.log };
  }

  test.each([
    ['nothing is lost', [], []],
    ['blocks are lost', [3, 4, 15], [3, 12]],
  ])(
    'put and get a body while %s',
    async (_what, up, down) => {
      const path = stringOption(OptionNumber.UriPath, `body${up.length}`);
      const put = await connected(dropping(OptionNumber.QBlock1, ...up));
      const octets = uintOption(OptionNumber.ContentFormat, 42);
      const { code } = await put.client.request({ code: Code.PUT, options: [path, octets], payload: BODY });
      expect(code).toBe(Code.Created);
      expect(blocksOf(put.log, OptionNumber.QBlock1)).toBeGreaterThanOrEqual(25 + up.length);
      put.client.close();

      const get = await connected(dropping(OptionNumber.QBlock2, ...down.map((n) => n + 1)));
      const { payload } = await get.client.request({ code: Code.GET, options: [path] });
      expect(Buffer.compare(payload, BODY)).toBe(0);
      expect(blocksOf(get.log, OptionNumber.QBlock2)).toBeGreaterThanOrEqual(25 + down.length);
      get.client.close();
    },
    120_000,
  );
});

test.each([
  ['CON', []],
  ['NON', ['-N']],
])(
  'coap-client and our server put a body with %s messages',
  async (_type, flags) => {
    const received: Uint8Array[] = [];
    const logs: CoapMessage[][] = [];
    const udp = await listenUdp({ dangerTrustAddresses: true });
    const listener = {
      set onPipe(onPipe: (pipe: DatagramPipe) => void) {
        udp.onPipe = (pipe) => {
          const both = watched(pipe, () => false);
          logs.push(both.log);
          onPipe(both);
        };
      },
      close: () => udp.close(),
    };
    const server = listen(listener, {
      platform,
      blockwise: 'rfc9177',
      handler: ({ code, payload }) => {
        if (code === Code.PUT) received.push(payload);
        return { code: code === Code.PUT ? Code.Changed : Code.Content, options: [], payload: BODY.subarray(0, 100) };
      },
    });
    writeFileSync(`${root}/tmp/body`, BODY);
    const uri = `coap://127.0.0.1:${udp.address.port}/body`;
    const client = libcoap('coap-client-notls', ...TRY_Q_BLOCK, ...flags, '-m', 'put', '-f', '/tmp/body', uri);
    expect(await client.exited).toBe(0);
    await server.close();
    expect(readFileSync(`${root}/tmp/body`)).toEqual(Buffer.from(BODY));
    expect(received.map((body) => Buffer.compare(body, BODY))).toEqual([0]);
    expect(blocksOf(logs.flat(), OptionNumber.QBlock1)).toBeGreaterThanOrEqual(25);
  },
  60_000,
);

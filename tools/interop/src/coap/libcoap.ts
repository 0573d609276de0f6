import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, OptionNumber, stringOption, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { connect } from '@lb-matrix/coap-endpoint';
import { connectUdp, nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { freeUdpPort } from '../free-port.ts';
import { ensureProgram } from '../install.ts';
import { startPeer } from '../process.ts';
import type { Ask, CoapAsker, CoapPeer, Security } from './peer.ts';

const ownResources = 'coap-server only has resources of its own and those that are put there';
const NO_IDS = 'its DTLS knows no connection ids';
const SERVER_LACKS = {
  CID: NO_IDS,
  CORE_18: ownResources,
  CORE_19: ownResources,
  CORE_20: ownResources,
  CORE_21: ownResources,
  CORE_22: ownResources,
  CORE_23: ownResources,
  BLOCK_04: ownResources,
  BLOCK_05: ownResources,
  OBS_02: 'coap-server sends NON notifications of all resources or of none',
  OBS_08: 'coap-server goes on when the Content-Format changes',
  OBS_13: ownResources,
  critical:
    'its 4.02 carries the option back, and our client takes no response with a critical option that it does not know',
};

/** libcoap's `coap-server` and `coap-client`, with the TLS library that `tls` names. */
function libcoapWith(tls: 'openssl' | 'gnutls'): CoapPeer {
  return {
    name: `libcoap (${tls === 'openssl' ? 'OpenSSL' : 'GnuTLS'})`,
    install() {
      ensureProgram(`coap-client-${tls}`, 'libcoap3-bin');
      return undefined;
    },
    async startServer(security) {
      const port = await freeUdpPort();
      // It takes the port above for DTLS.
      const own = security === undefined ? port : port - 1;
      const files = security && ['-c', security.certificate.certFile, '-j', security.certificate.keyFile, '-n'];
      const args = ['-A', '127.0.0.1', '-p', String(own), '-d', '20', '-v', '7', ...(files ?? [])];
      const server = startPeer('stdbuf', ['-oL', `coap-server-${tls}`, ...args]);
      await server.waitFor(security === undefined ? /created UDP {2}endpoint/ : /created DTLS endpoint/);
      await fill(own);
      return {
        port,
        places: { separate: { path: ['async'], query: ['1'] }, obs: { path: ['time'] } },
        stop: () => server.stop(),
      };
    },
    connect: async (port, security) => client(`coap-client-${tls}`, port, security),
    serverLacks: SERVER_LACKS,
    clientLacks: {
      CID: NO_IDS,
      CORE_12: 'it always sends a token',
      CORE_31: 'coap-client pings only where it waits, and ends with the response',
      OBS_06: 'it ends an observation by Observe 1',
      OBS_13: 'coap-client prints nothing that tells one large state from the next',
      "CORE_16, the separate response's acknowledgement is lost": 'coap-client has ended when the response comes again',
    },
  };
}

/** Puts the resources there that the cases read. */
async function fill(port: number): Promise<void> {
  const client = connect(await connectUdp({ host: '127.0.0.1', port }), { platform: nodePlatform });
  const put = (path: string, body: string): Promise<unknown> =>
    client.request({
      code: Code.PUT,
      options: [...path.split('/').map((segment) => stringOption(OptionNumber.UriPath, segment)), OCTETS],
      payload: new TextEncoder().encode(body),
    });
  for (const path of ['test', 'seg1/seg2/seg3', 'query', 'obs-still']) await put(path, path);
  await put('large', '0123456789abcdef'.repeat(4096));
  client.close();
}

/** coap-server names no format where it is text. */
const OCTETS = uintOption(OptionNumber.ContentFormat, 42);

/** A process for each request: that is all that coap-client does. */
function client(program: string, port: number, security: Security | undefined): CoapAsker {
  const dir = mkdtempSync(join(tmpdir(), 'lbm-libcoap-'));
  const [input, output] = [join(dir, 'in'), join(dir, 'out')];
  return {
    async ask(ask) {
      rmSync(output, { force: true });
      if (ask.payload !== undefined) writeFileSync(input, ask.payload);
      const scheme = security === undefined ? 'coap' : 'coaps';
      const trust = security && ['-C', security.certificate.certFile];
      const uri = `${scheme}://127.0.0.1:${port}/${ask.path.join('/')}${queryOf(ask)}`;
      const files = [...(ask.payload === undefined ? [] : ['-f', input]), '-o', output];
      const peer = startPeer(program, ['-v', '7', '-B', '20', ...(trust ?? []), ...flagsOf(ask), ...files, uri]);
      await peer.exited;
      const codes = [...peer.output().matchAll(/ c:([2-5]\.\d\d) /g)];
      if (codes.length === 0) throw new Error(`coap-client got no response:\n${peer.output()}`);
      return { code: codes.at(-1)![1]!, payload: read(output) };
    },
    async observe({ path, states }) {
      const flags = ['-v', '7', '-s', '4', '-B', '10'];
      const peer = startPeer(program, [...flags, `coap://127.0.0.1:${port}/${path.join('/')}`]);
      await peer.exited;
      const seen = [...peer.output().matchAll(/ c:[245]\.\d\d .*?\](?: :: '(.*)')?$/gm)].slice(0, states);
      return seen.map(([, text = '']) => new TextEncoder().encode(text));
    },
    ping: () => Promise.reject(new Error('coap-client cannot be told to ping')),
    stop: async () => rmSync(dir, { recursive: true }),
  };
}

function flagsOf({ method, confirmable = true, options = [], szx }: Ask): string[] {
  const format = uintValue(options, OptionNumber.ContentFormat);
  const others = options.filter(({ number }) => number !== OptionNumber.ContentFormat);
  return [
    ...['-m', method.toLowerCase()],
    ...(confirmable ? [] : ['-N']),
    ...(format === undefined ? [] : ['-t', String(format)]),
    ...(szx === undefined ? [] : ['-b', String(2 ** (szx + 4))]),
    ...others.flatMap(({ number, value }) => ['-O', `${number},0x${Buffer.from(value).toString('hex')}`]),
  ];
}

const queryOf = ({ query = [] }: Ask): string => (query.length === 0 ? '' : `?${query.join('&')}`);

function read(file: string): Uint8Array {
  try {
    return Uint8Array.from(readFileSync(file));
  } catch {
    // Nothing was to be stored.
    return new Uint8Array();
  }
}

export const libcoap: CoapPeer = libcoapWith('openssl');
export const libcoapOnGnutls: CoapPeer = libcoapWith('gnutls');

import { DtlsClient, DtlsListener } from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { expect, it } from 'vitest';
import type { CertificateFiles, Certificates } from '../certificate.ts';
import { freeUdpPort } from '../free-port.ts';
import { buildGoPeer, buildWolfSslPeer } from '../install.ts';
import { startPeer } from '../process.ts';
import { cellOf } from './conversations.ts';
import { engineSocket } from './engine-socket.ts';
import type { DtlsPeer } from './peer.ts';

/** The arguments of a peer's program for connection ids. */
interface Moving {
  readonly program: () => string;
  /** A server whose ids have 8 bytes; it says of each message from which port it came. */
  readonly server: (version: string, port: number, files: CertificateFiles) => readonly string[];
  /** A client that wants no ids, and changes its port between two messages. */
  readonly client: (version: string, port: number, files: CertificateFiles) => readonly string[];
}

/** By name. */
const MOVING: Readonly<Record<string, Moving>> = {
  wolfSSL: {
    program: buildWolfSslPeer,
    server: (version, port, { certFile, keyFile }) => [
      ...['server', '--version', version.replace('.', ''), '--port', String(port)],
      ...['--cert', certFile, '--key', keyFile, '--cid', '00c0ffee01020304'],
    ],
    client: (version, port, { certFile }) => [
      ...['client', '--version', version.replace('.', ''), '--port', String(port)],
      ...['--ca', certFile, '--cid', '', '--rebind', '--count', '2'],
    ],
  },
  pion: {
    program: () => buildGoPeer('pion-peer'),
    server: (_, port, { certFile, keyFile }) => [
      ...['server', '-addr', `127.0.0.1:${port}`, '-cert', certFile, '-key', keyFile, '-cid', '8'],
    ],
    client: (_, port, { certFile }) => [
      ...['client', '-addr', `127.0.0.1:${port}`, '-ca', certFile, '-cid', '0', '-rebind', '-count', '2'],
    ],
  },
};

const FEATURE = 'the client changes its port under a connection id';
const UNKNOWN = 'it knows no connection ids';
const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The tests of associations that go on from another port (RFC 9146, RFC 9147 section 9). */
export function itMoves(peer: DtlsPeer, version: '1.2' | '1.3', certificateOf: Certificates): void {
  const moving = MOVING[peer.name];
  const table = `DTLS ${version}`;
  const common = { crypto: nodeCrypto, randomBytes, versions: [version] };
  const certificate = certificateOf('p256', 'server');

  it('its server goes on with our client', cellOf(table, peer, FEATURE, 'we connect'), async ({ skip }) => {
    if (moving === undefined) return skip(UNKNOWN);
    const port = await freeUdpPort();
    const server = startPeer(moving.program(), moving.server(version, port, certificate));
    await server.waitFor(/LISTENING/);
    const client = new DtlsClient({ ...common, path: String(port), connectionId: { length: 0 } }, performance.now());
    const echoed: (() => void)[] = [];
    const socket = await engineSocket(client, (event, now) => {
      if (event.type === 'peerCertificate') client.acceptPeer(certificate.spki, now);
      if (event.type === 'data') echoed.shift()!();
    });
    const echo = (): Promise<void> =>
      new Promise((resolve) => {
        echoed.push(resolve);
        socket.step(() => client.send(bytes('hello')));
      });
    try {
      await echo();
      const before = socket.port();
      await socket.move();
      await echo();
      expect(socket.port()).not.toBe(before);
      await server.waitFor(new RegExp(`(?:port |:)${before}\\b[\\s\\S]*(?:port |:)${socket.port()}\\b`));
    } finally {
      socket.close();
      await server.stop();
    }
  });

  it('our server goes on with its client', cellOf(table, peer, FEATURE, 'it connects'), async ({ skip }) => {
    if (moving === undefined) return skip(UNKNOWN);
    const identity = { chain: certificate.chain, key: nodeCrypto.importSigningKey(certificate.privateKey) };
    const listener = new DtlsListener({ ...common, identity, connectionId: { length: 4 } });
    const socket = await engineSocket(listener, (event) => {
      if (event.type === 'data') listener.send(event.peer, bytes('HELLO'));
    });
    const client = startPeer(moving.program(), moving.client(version, socket.port(), certificate));
    try {
      await client.waitFor(/rebound[\s\S]*HELLO/i);
    } finally {
      await client.stop();
      socket.close();
    }
  });
}

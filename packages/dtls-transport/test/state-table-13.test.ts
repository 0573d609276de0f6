import { expect, test } from 'vitest';
import { DtlsMalformedError } from '../src/errors.ts';
import { CertificatePacker } from '../src/handshake/certificate-packer.ts';
import { CIPHER_SUITES_13 } from '../src/handshake/cipher-suites-13.ts';
import { ClientHandshake13 } from '../src/handshake/client-handshake-13.ts';
import type { HandshakeHost13, MessageToSend } from '../src/handshake/handshake-13.ts';
import { PSK_HASH } from '../src/handshake/psk-binder.ts';
import { ServerHandshake13 } from '../src/handshake/server-handshake-13.ts';
import type { PreSharedKey } from '../src/identity.ts';
import { zlibCompression } from '../src/node/certificate-compression.ts';
import { nodeCrypto } from '../src/node/crypto-provider.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage, handshakeMessage } from '../src/wire/handshake-message.ts';
import { identity } from './support/endpoints.ts';

const NAMES = new Map<number, string>(Object.entries(HANDSHAKE_TYPE).map(([name, number]) => [number, name]));

/** What makes one handshake different from another. */
interface Kind {
  readonly clientCertificate?: 'require' | undefined;
  readonly psk?: PreSharedKey | undefined;
  readonly packer?: CertificatePacker | undefined;
}

const ASKS: Kind = { clientCertificate: 'require' };
const SHARED: Kind = { psk: { identity: Uint8Array.of(65), key: new Uint8Array(16).fill(7) } };

/** Both state machines without records between them: what each says is a list. */
class Pair {
  readonly said: Record<'client' | 'server', HandshakeMessage[]> = { client: [], server: [] };
  readonly client: ClientHandshake13;
  readonly server: ServerHandshake13;
  /** What was asked again, and what was asked above. */
  readonly calls: string[] = [];

  readonly #psk: PreSharedKey | undefined;

  constructor({ clientCertificate, psk, packer }: Kind) {
    this.#psk = psk;
    const pskModes = ['psk_dhe_ke'] as const;
    const common = { identity, rawKey: undefined, pskModes, packer };
    const asks = { clientCertificate, clientCertificateTypes: ['x509'] as const };
    const wants = { serverName: undefined, psk, certificateTypes: ['x509'] as const, olderSuites: [] };
    this.client = new ClientHandshake13(this.#host('client'), { ...common, ...wants }, 0);
    const policy = { ...common, ...asks, psk: psk !== undefined };
    this.server = new ServerHandshake13(this.#host('server'), policy, undefined);
  }

  #host(side: 'client' | 'server'): HandshakeHost13 {
    const { said, calls } = this;
    const call = (name: string) => () => void calls.push(`${side} ${name}`);
    return {
      ...{ crypto: nodeCrypto, groups: ['x25519'], recordSizeLimit: undefined },
      cipherSuites: CIPHER_SUITES_13.filter(({ hash }) => hash === PSK_HASH),
      ...{ maxDatagram: 1_232, randomBytes: (length: number) => new Uint8Array(length).fill(7) },
      sendFlight(messages: readonly MessageToSend[]) {
        const numbered = messages.map(({ type, body }) => handshakeMessage(type, said[side].length, body));
        said[side].push(...numbered);
        return numbered;
      },
      ids: { offer: undefined, agree: () => {} },
      repeatFlight: call('repeats'),
      expectAgain: call('expects again'),
      protectHandshake: call('has keys'),
      limitRecords: () => {},
      established: call('established'),
      keyLog: () => {},
      askAboutCertificate: call('asks'),
      askAboutRawKey: call('asks'),
      askForPsk: call('asks'),
    };
  }

  /** The first `count` messages that `to` gets. */
  feed(to: 'client' | 'server', count: number): void {
    this.server.onMessage(this.said.client[0]!, 0);
    if (this.#psk !== undefined) this.server.acceptPsk(this.#psk.key, 0);
    if (to === 'client') {
      for (const message of this.said.server.slice(0, count)) this.client.onMessage(message, 0);
      return;
    }
    for (const message of this.said.server) this.client.onMessage(message, 0);
    if (this.#psk === undefined) this.client.acceptPeer(identity.key.spki, 0);
    for (const message of this.said.client.slice(1, count + 1)) this.server.onMessage(message, 0);
  }
}

/** What a state machine does with a message of each type, after so many of the right ones; with the body that an honest peer gives it. */
function row(to: 'client' | 'server', count: number, kind: Kind): string {
  const taken: string[] = [];
  for (const [number, name] of NAMES) {
    const pair = new Pair(kind);
    pair.feed(to, count);
    const peers = to === 'client' ? pair.said.server : pair.said.client.slice(1);
    const honest = peers.find(({ type }) => type === number);
    const before = pair.calls.length;
    const message = handshakeMessage(number, count, honest?.body ?? new Uint8Array(0));
    const machine = to === 'client' ? pair.client : pair.server;
    try {
      machine.onMessage(message, 0);
      const again = pair.calls.slice(before).includes('client expects again');
      if (!again) taken.push(name);
    } catch (error) {
      // What is read has its place there, though it is empty.
      if (error instanceof DtlsMalformedError) taken.push(name);
      else expect(error).toMatchObject({ reason: 'unexpected-message' });
    }
  }
  return `${to} after ${count}: ${taken.join(', ') || 'nothing'}`;
}

const rows = (to: 'client' | 'server', last: number, kind: Kind) =>
  Array.from({ length: last + 1 }, (_, count) => row(to, count, kind));

// CVE-2022-29222, CVE-2022-25640, CVE-2021-34433, CVE-2015-0204: of all types in all states only those that the handshake has next are taken.
test('each state of a client takes its next message and no other', () => {
  expect(rows('client', 5, {})).toEqual([
    'client after 0: serverHello',
    'client after 1: encryptedExtensions',
    'client after 2: certificate, certificateRequest',
    'client after 3: certificateVerify',
    'client after 4: finished',
    'client after 5: nothing', // the layer above is asked
  ]);
});

test('each state of a client that is asked for a certificate', () => {
  expect(rows('client', 6, ASKS)).toEqual([
    'client after 0: serverHello',
    'client after 1: encryptedExtensions',
    'client after 2: certificate, certificateRequest',
    'client after 3: certificate',
    'client after 4: certificateVerify',
    'client after 5: finished',
    'client after 6: nothing',
  ]);
});

test('each state of a server', () => {
  expect(rows('server', 1, {})).toEqual(['server after 0: finished', 'server after 1: nothing']);
});

test('each state of a server that wants a certificate', () => {
  expect(rows('server', 3, ASKS)).toEqual([
    'server after 0: certificate',
    'server after 1: certificateVerify',
    'server after 2: finished',
    'server after 3: nothing',
  ]);
});

test('each state of a client with a shared key: no certificate has a place', () => {
  expect(rows('client', 3, SHARED)).toEqual([
    'client after 0: serverHello',
    'client after 1: encryptedExtensions',
    'client after 2: finished',
    'client after 3: nothing', // it is done
  ]);
});

test('each state of a server with a shared key, whatever else it asks for', () => {
  expect(rows('server', 1, { ...SHARED, ...ASKS })).toEqual(['server after 0: finished', 'server after 1: nothing']);
});

test('a server that waits for a key takes nothing', () => {
  const { said, server } = new Pair(SHARED);
  server.onMessage(said.client[0]!, 0);
  for (const [number] of NAMES) {
    expect(() => server.onMessage(handshakeMessage(number, 1, new Uint8Array(0)), 0)).toThrow('unexpected message');
  }
  expect(() => server.question('certificate')).toThrow('no certificate');
});

test('a packed certificate has a place only where it was asked for', () => {
  const packer = new CertificatePacker(zlibCompression, 16_384);
  const pair = new Pair({ ...ASKS, packer });
  pair.feed('server', 0);
  expect(pair.said.server.map(({ type }) => NAMES.get(type))).toContain('compressedCertificate');
  expect(row('client', 3, { ...ASKS, packer })).toBe('client after 3: certificate, compressedCertificate');
  expect(row('server', 0, { ...ASKS, packer })).toBe('server after 0: certificate, compressedCertificate');
});

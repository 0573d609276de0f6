import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { Identity } from '../../src/identity.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { writeCertificate } from '../../src/wire/certificate.ts';
import { writeCertificateRequest } from '../../src/wire/certificate-request.ts';
import { HANDSHAKE_TYPE } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE, RECORD_HEADER_LENGTH } from '../../src/wire/record.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { patched, rewriteBody, rewriteFlight } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const [server, ecdsa, rsa, ed25519] = (['server', 'client', 'rsa', 'ed25519'] as const).map((name) =>
  fixtureIdentity(name, nodeCrypto.importSigningKey),
) as [Identity, Identity, Identity, Identity];

interface Setting {
  readonly client?: Partial<DtlsClientOptions>;
  readonly listener?: Partial<DtlsListenerOptions>;
  /** Whom the listener takes. Default: the client's own certificate. */
  readonly expected?: Identity;
  readonly rewrite?: (datagram: Uint8Array) => Uint8Array;
}

function shakeHands({ client = {}, listener = {}, expected, rewrite }: Setting) {
  const network = new VirtualNetwork(1);
  const clients = { identity: expected ?? client.identity };
  const theirs = new TestListener(network, { identity: server, clientCertificate: 'require', ...listener }, clients);
  const ours = new TestClient(network, 'client', client, server);
  if (rewrite !== undefined) {
    network.rewrite = ({ from, datagram }) => (from === 'client' ? rewrite(datagram) : datagram);
  }
  network.run(20_000, () => ours.connectedAt !== undefined);
  return { network, client: ours, listener: theirs };
}

describe.each([
  ['P-256', ecdsa],
  ['Ed25519', ed25519],
  ['RSA', rsa],
] as const)('a client with a certificate for %s', (_name, identity) => {
  test.each(['request', 'require'] as const)('is known by it where the server asks: %s', (clientCertificate) => {
    const { client, listener } = shakeHands({ client: { identity }, listener: { clientCertificate } });
    expect(client.connectedAt).toBe(120);
    expect(listener.events.map(({ type }) => type)).toEqual(['peerCertificate', 'connected']);
    expect(listener.of('connected')).toMatchObject([{ peer: 1, chain: identity.chain, pskIdentity: undefined }]);
  });
});

test('a server that does not ask gets none', () => {
  const { listener } = shakeHands({ client: { identity: ecdsa }, listener: { clientCertificate: undefined } });
  expect(listener.of('connected')).toMatchObject([{ chain: [] }]);
});

describe('a client without a certificate', () => {
  test('is taken where the server only asks', () => {
    const { client, listener } = shakeHands({ listener: { clientCertificate: 'request' } });
    expect(client.connectedAt).toBe(120);
    expect(listener.events.map(({ type }) => type)).toEqual(['connected']);
  });

  test('is turned away where the server requires one, and told so at once (RFC 5246 7.4.6)', () => {
    const { network, client, listener } = shakeHands({});
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert: ALERT.handshake_failure });
    const [alert] = network.sent.filter(({ datagram }) => datagram[0] === CONTENT_TYPE.alert);
    expect(alert).toMatchObject({ from: SERVER, at: 100 }); // with the client's flight, before the client repeats anything
    expect([...alert!.datagram.subarray(RECORD_HEADER_LENGTH)]).toEqual([2, ALERT.handshake_failure]);
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });

  test('so is one whose kind of key the server cannot check: it shows none', () => {
    const noRsa = { crypto: nobleCrypto, clientCertificate: 'request' } as const;
    const { client, listener } = shakeHands({ client: { identity: rsa }, listener: noRsa });
    expect(client.connectedAt).toBeDefined();
    expect(listener.of('connected')).toMatchObject([{ chain: [] }]);
  });
});

test('a damaged question that lets a client show nothing is not its last word where a certificate is required', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, { identity: server, clientCertificate: 'require' }, { identity: ecdsa });
  const client = new TestClient(network, 'client', { identity: ecdsa }, server);
  let isDamaged = false;
  network.rewrite = ({ from, datagram }) => {
    if (from !== SERVER || isDamaged) return datagram;
    // Nothing that the client could sign with is asked for.
    const rsaAlone = writeCertificateRequest({ certificateTypes: [1], signatureSchemes: [0x0401] });
    const damaged = rewriteBody('certificateRequest', () => rsaAlone)(datagram);
    isDamaged = damaged.some((byte, at) => byte !== datagram[at]);
    return damaged;
  };
  network.run(20_000, () => client.connectedAt !== undefined);
  expect(isDamaged).toBe(true);
  expect(network.sent.some(({ from, datagram }) => from === SERVER && datagram[0] === CONTENT_TYPE.alert)).toBe(true);
  expect(client.connectedAt).toBeLessThan(1_000);
  expect(listener.of('peerCertificate')).toHaveLength(1);
});

describe('nobody gets in', () => {
  const none = { peers: 0, handshakes: 0, connected: 0, handshakesFailed: 1 };

  test.each<[string, Setting, number]>([
    ['with a certificate that is not accepted', { client: { identity: ecdsa }, expected: rsa }, ALERT.bad_certificate],
    [
      "with somebody else's certificate",
      { client: { identity: { chain: ecdsa.chain, key: server.key } }, expected: ecdsa },
      ALERT.decrypt_error,
    ],
    [
      'with a signature over something else',
      { client: { identity: ecdsa }, rewrite: rewriteBody('certificateVerify', (body) => patched(body, -1, 0)) },
      ALERT.decrypt_error,
    ],
    [
      'with a scheme that was not asked for',
      { client: { identity: ecdsa }, rewrite: rewriteBody('certificateVerify', (body) => patched(body, 0, 2, 3)) },
      ALERT.illegal_parameter,
    ],
  ])('%s', (_name, setting, alert) => {
    const { client, listener } = shakeHands(setting);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert });
    expect(listener.engine.stats()).toMatchObject(none);
  });

  test.each<[string, (datagram: Uint8Array) => Uint8Array, object]>([
    [
      'without a CertificateVerify: nothing goes on before it has come (CVE-2022-29222)',
      rewriteFlight((messages) => messages.filter(({ type }) => type !== HANDSHAKE_TYPE.certificateVerify)),
      { code: 'ERR_DTLS_TIMEOUT' },
    ],
    [
      'with a CertificateVerify and no certificate: its Finished is about something else',
      rewriteBody('certificate', () => new Uint8Array(3)),
      { code: 'ERR_DTLS_ALERT', alert: ALERT.decrypt_error },
    ],
  ])('%s', (_name, rewrite, error) => {
    const { network, client, listener } = shakeHands({
      client: { identity: ecdsa, handshakeTimeout: 10_000 },
      listener: { clientCertificate: 'request', handshakeTimeout: 10_000 },
      rewrite,
    });
    network.run(60_000);
    expect(client.closed?.error).toMatchObject(error);
    expect(listener.events).toEqual([]);
    expect(listener.engine.stats()).toMatchObject(none);
  });
});

test("a forged certificate in place of a client's empty list is forgotten when the client repeats itself", () => {
  let isForged = false;
  const forge = rewriteBody('certificate', (body) => {
    if (isForged) return body;
    isForged = true;
    return writeCertificate(rsa.chain);
  });
  const { client, listener } = shakeHands({ listener: { clientCertificate: 'request' }, rewrite: forge });
  expect(isForged).toBe(true);
  expect(client.connectedAt).toBeLessThan(5_000);
  expect(listener.of('connected')).toMatchObject([{ chain: [] }]);
});

describe('answers', () => {
  function asking() {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { identity: server, clientCertificate: 'require' });
    listener.answer = () => {};
    const client = new TestClient(network, 'client', { identity: ecdsa }, server);
    network.run(1_000, () => listener.of('peerCertificate').length > 0);
    const { peer } = listener.of('peerCertificate')[0]!;
    return { network, listener, client, peer };
  }

  test('may come much later: the flight that has come is not asked for again', () => {
    const { network, listener, client, peer } = asking();
    network.run(30_000);
    const fromServer = network.sent.filter(({ from }) => from === SERVER).length;
    expect(fromServer).toBe(2); // HelloVerifyRequest, and one flight
    listener.engine.acceptPeer(peer, ecdsa.key.spki, network.now);
    network.run(100_000, () => client.connectedAt !== undefined);
    expect(client.connectedAt).toBe(30_020);
  });

  test('that come too late do nothing', () => {
    const { network, listener, peer } = asking();
    network.run(100_000);
    expect(listener.engine.stats()).toMatchObject({ handshakes: 0, handshakesFailed: 1 });
    listener.engine.acceptPeer(peer, ecdsa.key.spki, network.now);
    listener.engine.rejectPeer(peer, ALERT.bad_certificate, network.now);
    listener.engine.acceptPsk(peer, new Uint8Array(16), network.now);
    listener.engine.rejectPsk(peer, network.now);
    expect(listener.of('connected')).toEqual([]);
  });

  test('to what was not asked are a mistake', () => {
    const { network, listener, peer } = asking();
    const noQuestion = expect.objectContaining({ reason: 'no-question' });
    expect(() => listener.engine.acceptPsk(peer, new Uint8Array(16), network.now)).toThrow(noQuestion);
    expect(() => listener.engine.rejectPsk(peer, network.now)).toThrow(noQuestion);
    listener.engine.acceptPeer(peer, ecdsa.key.spki, network.now);
    listener.engine.acceptPeer(peer, ecdsa.key.spki, network.now); // by now it is connected
    network.run(10_000);
    expect(listener.of('connected')).toHaveLength(1);
  });
});

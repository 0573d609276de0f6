import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import { type CertificateCompression, CertificatePacker } from '../../src/handshake/certificate-packer.ts';
import type { Identity } from '../../src/identity.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { zlibCompression } from '../../src/node/certificate-compression.ts';
import { writeCertificate13 } from '../../src/wire/certificate-13.ts';
import { writeCompressedCertificate, ZLIB } from '../../src/wire/compressed-certificate.ts';
import { deterministicCrypto } from '../support/deterministic-provider.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const ONLY_13 = { versions: ['1.3'], maxDatagram: 1_232 } as const;
const newCrypto = () => deterministicCrypto('packed certificates');
// Signatures of Ed25519 have always 64 bytes, so that nothing but the certificates makes a difference.
const server = fixtureIdentity('ed25519', newCrypto().importSigningKey);
const client = server;
const on = { certificateCompression: zlibCompression };

function shakeHands(ours: Partial<DtlsClientOptions>, theirs: Partial<DtlsListenerOptions>) {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, { crypto: newCrypto(), ...ONLY_13, identity: server, ...theirs }, ours);
  const one = new TestClient(network, 'client', { crypto: newCrypto(), ...ONLY_13, ...ours }, server);
  one.send('early');
  network.run(10_000, () => one.received.length > 0 || one.closed !== undefined);
  network.run(network.now + 100);
  const bytes = (side: string) =>
    network.sent.filter(({ from }) => from === side).reduce((sum, { datagram }) => sum + datagram.length, 0);
  return { client: one, listener, fromServer: bytes(SERVER), fromClient: bytes('client') };
}

/** Bytes of the body of Certificate, and of CompressedCertificate. */
const plainLength = ({ chain }: Identity) => writeCertificate13(new Uint8Array(0), chain).length;
const packedLength = ({ chain }: Identity) => new CertificatePacker(zlibCompression, 16_384).pack(chain)!.length;

describe('a packed certificate (RFC 8879)', () => {
  const plain = shakeHands({}, {});

  test('takes fewer bytes: with a self-signed one of 351 bytes at least 40', () => {
    const packed = shakeHands(on, on);
    expect(packed.client.received).toEqual(['early']);
    expect(plainLength(server)).toBe(351 + 9);
    // What zlib makes of it may differ by a byte or two from one Node to the next.
    expect(plainLength(server) - packedLength(server)).toBeGreaterThanOrEqual(40);
    expect(plain.fromServer - packed.fromServer).toBe(plainLength(server) - packedLength(server));
  });

  test('comes only where both can do it', () => {
    expect(shakeHands(on, {}).fromServer).toBe(plain.fromServer);
    expect(shakeHands({}, on).fromServer).toBe(plain.fromServer);
  });

  test('of a client too', () => {
    const asks = { clientCertificate: 'require' } as const;
    const packed = shakeHands({ ...on, identity: client }, { ...on, ...asks });
    expect(packed.listener.of('connected')[0]!.chain).toEqual(client.chain);
    const { fromClient } = shakeHands({ identity: client }, asks);
    expect(fromClient - packed.fromClient).toBe(plainLength(client) - packedLength(client));
  });

  test('is made once for each certificate', () => {
    let count = 0;
    const counting = {
      ...zlibCompression,
      compress: (data: Uint8Array) => {
        count += 1;
        return zlibCompression.compress(data);
      },
    };
    const network = new VirtualNetwork(1);
    new TestListener(network, { ...ONLY_13, identity: server, certificateCompression: counting });
    for (const name of ['a', 'b', 'c']) new TestClient(network, name, { ...ONLY_13, ...on }, server);
    network.run(1_000);
    expect(count).toBe(1);
  });

  test('is not sent when it is longer', () => {
    const useless = { ...zlibCompression, compress: (data: Uint8Array) => new Uint8Array(data.length) };
    const both = shakeHands(on, { certificateCompression: useless });
    expect(both.client.received).toEqual(['early']);
    expect(both.fromServer).toBe(plain.fromServer);
  });
});

describe('what is packed badly ends the handshake with bad_certificate', () => {
  const lying = (compress: CertificateCompression['compress']) => ({
    certificateCompression: { ...zlibCompression, compress },
  });

  test.each<[string, CertificateCompression['compress']]>([
    ['noise', () => new Uint8Array(40).fill(9)],
    ['another length than it says', (data) => deflateSync(data.subarray(1))],
    ['more than it says: a bomb', () => deflateSync(new Uint8Array(100_000))],
    ['nothing', () => deflateSync(new Uint8Array(0))],
  ])('%s', (_name, compress) => {
    const { client: ours, listener } = shakeHands(on, lying(compress));
    expect(ours.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER', reason: 'bad-certificate', alert: 42 });
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0 });
  });

  test('nothing is unpacked that says it is too long, nor what nobody has asked for', () => {
    const asked: number[] = [];
    const packer = new CertificatePacker(
      {
        ...zlibCompression,
        decompress: (data, maxLength) => {
          asked.push(maxLength);
          return zlibCompression.decompress(data, maxLength);
        },
      },
      1_000,
    );
    const data = deflateSync(new Uint8Array(1_001));
    const body = (algorithm: number, length: number) => writeCompressedCertificate({ algorithm, length, data });
    expect(() => packer.unpack(body(ZLIB, 1_001))).toThrow('cannot be unpacked');
    expect(() => packer.unpack(body(2, 900))).toThrow('not asked');
    expect(asked).toEqual([]);
    expect(() => packer.unpack(body(ZLIB, 900))).toThrow('cannot be unpacked');
    expect(asked).toEqual([900]);
  });
});

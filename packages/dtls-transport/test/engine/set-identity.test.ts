import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { identity, TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const rsa = fixtureIdentity('rsa', nodeCrypto.importSigningKey);

describe('setIdentity', () => {
  test('new handshakes see the new certificate, of another kind even; associations live on', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const before = new TestClient(network, 'before');
    network.run(900, () => before.connectedAt !== undefined);
    listener.engine.setIdentity(rsa);
    const after = new TestClient(network, 'after', {}, rsa);
    const refusing = new TestClient(network, 'refusing', {}, identity);
    network.run(2_000, () => refusing.closed !== undefined);
    before.send('still here');
    network.run(3_000, () => before.received.length > 0);
    expect(before.received).toEqual(['still here']);
    expect(after.connectedAt).toBeDefined();
    expect(refusing.closed?.error).toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
  });

  test('a handshake that has begun goes on with the certificate that it began with', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    network.run(70); // the server's flight is on its way
    listener.engine.setIdentity(rsa);
    network.run(900);
    expect(client.connectedAt).toBe(120);
  });

  test('what cannot serve any suite is refused, and all stays as it was', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] });
    const refusal = expect.objectContaining({ reason: 'bad-option' });
    expect(() => listener.engine.setIdentity(rsa)).toThrow(refusal);
    expect(() => listener.engine.setIdentity({ ...identity, chain: [] })).toThrow(refusal);
    const client = new TestClient(network, 'client');
    network.run(900);
    expect(client.connectedAt).toBe(120);
  });
});

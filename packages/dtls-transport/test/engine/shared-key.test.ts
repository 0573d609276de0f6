import { describe, expect, test } from 'vitest';
import type { PreSharedKey } from '../../src/identity.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const psk = { identity: new TextEncoder().encode('ein Gerät'), key: new Uint8Array(16).fill(7) };
const KINDS = [
  ['with ECDHE', ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256']],
  ['alone', ['TLS_PSK_WITH_AES_128_GCM_SHA256']],
] as const;

describe.each(KINDS)('a shared key %s', (_name, cipherSuites) => {
  function shakeHands(client: PreSharedKey, server: PreSharedKey) {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { psk: true }, { psk: server });
    const ours = new TestClient(network, 'client', { psk: client, cipherSuites, handshakeTimeout: 10_000 });
    network.run(100_000, () => ours.connectedAt !== undefined || ours.closed !== undefined);
    return { network, client: ours, listener };
  }

  test('shows each side the other; no certificate is asked for', () => {
    const { client, listener } = shakeHands(psk, psk);
    expect(client.events).toEqual(['connected']);
    expect(client.connectedAt).toBe(120);
    expect(listener.of('pskIdentity')).toEqual([{ type: 'pskIdentity', peer: 1, identity: psk.identity }]);
    expect(listener.of('connected')).toMatchObject([{ peer: 1, chain: [], pskIdentity: psk.identity }]);
  });

  test('that the server does not know ends the handshake at once, and the client hears why (RFC 4279 2)', () => {
    const { network, client, listener } = shakeHands({ ...psk, identity: Uint8Array.of(1) }, psk);
    expect(client.closed?.error).toMatchObject({
      code: 'ERR_DTLS_ALERT',
      alert: ALERT.unknown_psk_identity,
      alertName: 'unknown_psk_identity',
    });
    expect(network.now).toBeLessThan(1_000);
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });

  test('that differs lets nobody in, and the client hears of it soon (RFC 4279 2)', () => {
    const { network, client, listener } = shakeHands({ ...psk, key: new Uint8Array(16).fill(8) }, psk);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert: ALERT.decrypt_error });
    expect(network.now).toBe(100 + 3 * 40 + 20 + 500); // four Finished, and half a second in which it could say more
    expect(listener.of('connected')).toEqual([]);
    network.run(100_000);
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
    expect(listener.engine.stats().drops.unauthenticated).toBeGreaterThan(0);
  });

  test('may be looked up for long', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { psk: true });
    listener.answer = () => {};
    const client = new TestClient(network, 'client', { psk, cipherSuites });
    network.run(20_000);
    const { peer } = listener.of('pskIdentity')[0]!;
    expect(network.sent.filter(({ from }) => from === SERVER)).toHaveLength(2); // HelloVerifyRequest, and one flight
    expect(() => listener.engine.acceptPsk(peer, new Uint8Array(0), network.now)).toThrow(
      expect.objectContaining({ reason: 'bad-option' }),
    );
    listener.engine.acceptPsk(peer, psk.key, network.now);
    network.run(100_000, () => client.connectedAt !== undefined);
    expect(client.connectedAt).toBe(20_020);
  });
});

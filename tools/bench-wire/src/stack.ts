import { randomBytes } from 'node:crypto';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { fromFetch } from '@lb-matrix/lb-server';
import { type ListeningServer, listenLowBandwidth } from '@lb-matrix/lb-server/node';

/** Someone with an access token and a room. */
export interface Account {
  readonly homeserver: string;
  readonly token: string;
  readonly userId: string;
  readonly roomId: string;
}

/**
 * Registers a user on a homeserver and creates a room.
 *
 * @param homeserver - its base URL; anybody may register there
 */
export async function openAccount(homeserver: string): Promise<Account> {
  const post = async (path: string, body: unknown, token?: string): Promise<Record<string, string>> => {
    const response = await fetch(`${homeserver}/_matrix/client/v3/${path}`, {
      method: 'POST',
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, string>;
  };
  const { access_token, user_id } = await post('register', {
    // A name of always the same length: it is in the path of a typing notification.
    username: `alice-${randomBytes(4).toString('hex')}`,
    password: randomBytes(16).toString('hex'),
    auth: { type: 'm.login.dummy' },
  });
  const { room_id } = await post('createRoom', { preset: 'private_chat' }, access_token);
  return { homeserver, token: access_token!, userId: user_id!, roomId: room_id! };
}

/** A low-bandwidth server in front of a homeserver, on a port of its own and with a fresh P-256 certificate. */
export function serveLowBandwidth(homeserver: string): Promise<ListeningServer> {
  return listenLowBandwidth({
    host: '127.0.0.1',
    port: 0,
    certificate: freshCertificate(),
    upstream: fromFetch(fetch, homeserver),
  });
}

function freshCertificate(): { chain: Uint8Array[]; privateKey: Uint8Array } {
  const { key, pkcs8 } = generateSigningKey();
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1', '::1'],
    notBefore: Date.now(),
    notAfter: Date.now() + 86_400_000,
    // Of a fixed length in DER.
    serialNumber: new Uint8Array(16).fill(1),
  });
  return { chain: [certificate], privateKey: pkcs8 };
}

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createSelfSignedCertificate, publicKeyPin } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { fromFetch, type Upstream } from '@lb-matrix/lb-server';
import { type ListeningServer, listenLowBandwidth } from '@lb-matrix/lb-server/node';

/** Someone with an access token. */
export interface User {
  readonly homeserver: string;
  readonly token: string;
  readonly userId: string;
  readonly password: string;
}

/** Someone with a room. */
export interface Account extends User {
  /** 44 characters, as of rooms of version 12: without the name of a server. */
  readonly roomId: string;
  /** The homeserver, which may have another name for the room. */
  readonly upstream: Upstream;
}

/**
 * Registers a user.
 *
 * @param homeserver - base URL of one where anybody may register
 */
export async function openUser(homeserver: string): Promise<User> {
  // As long as alice's, always: it is in the path of a typing notification.
  const username = `a${randomBytes(2).toString('hex')}`;
  const password = randomBytes(16).toString('hex');
  const auth = { type: 'm.login.dummy' };
  const { access_token, user_id } = await callHomeserver(homeserver, 'POST', 'register', { username, password, auth });
  return { homeserver, token: access_token!, userId: user_id!, password };
}

/** Registers a user and creates a room. */
export async function openAccount(homeserver: string): Promise<Account> {
  const user = await openUser(homeserver);
  const { room_id } = await callHomeserver(homeserver, 'POST', 'createRoom', { preset: 'private_chat' }, user.token);
  const [roomId = ''] = room_id!.split(':');
  const whole = fromFetch(fetch, homeserver);
  const server = encodeURIComponent(room_id!.slice(roomId.length));
  // What begins the id may be encoded or not, the rest needs not be.
  const upstream: Upstream = (request) =>
    whole({ ...request, target: request.target.replace(roomId.slice(1), (rest) => rest + server) });
  return { ...user, roomId, upstream };
}

/** A transaction id of two characters, never the same one twice for a thousand. */
export function shortTransactionId(): string {
  transactions = (transactions + 1) % 36 ** 2;
  return transactions.toString(36).padStart(2, '0');
}

let transactions = 0;

/** Asks a homeserver over HTTP. Throws unless the answer is 2xx. */
export async function callHomeserver(
  homeserver: string,
  method: 'POST' | 'PUT',
  path: string,
  body: unknown,
  token?: string,
): Promise<Record<string, string>> {
  const response = await fetch(`${homeserver}/_matrix/client/v3/${path}`, {
    method,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}

const rawKey = {
  privateKey: new Uint8Array(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' })),
};
/** The pin of every server's raw public key. */
export const RAW_KEY_PIN: string = publicKeyPin(nodeCrypto.importSigningKey(rawKey.privateKey).spki, nodeCrypto);

/** A low-bandwidth server in front of a homeserver, on a port of its own, with an Ed25519 key and a fresh P-256 certificate. */
export function serveLowBandwidth(upstream: Upstream): Promise<ListeningServer> {
  return listenLowBandwidth({
    host: '127.0.0.1',
    port: 0,
    certificate: freshCertificate(),
    rawKey,
    upstream,
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

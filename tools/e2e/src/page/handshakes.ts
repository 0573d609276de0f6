import {
  type CipherSuiteName,
  createSelfSignedCertificate,
  DtlsClient,
  DtlsListener,
  type DtlsVersionNumber,
  type Identity,
} from '@lb-matrix/dtls-transport';
import { nobleCrypto } from '@lb-matrix/dtls-transport/noble';

/** What a handshake and an echo came to. */
export interface Spoken {
  readonly version: string;
  readonly cipherSuite: string;
  readonly group: string | undefined;
  readonly echo: string;
}

const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const platform = { crypto: nobleCrypto, randomBytes };

/** RFC 5958 2, RFC 5915 3: what stands before the 32 bytes of a key on P-256 in PKCS#8, in hex. */
const PKCS8_P256 = '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420';

function newIdentity(): Identity {
  const prefix = PKCS8_P256.match(/../g)!.map((byte) => Number.parseInt(byte, 16));
  const key = nobleCrypto.importSigningKey(Uint8Array.of(...prefix, ...randomBytes(32)));
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nobleCrypto,
    commonName: 'a page',
    dnsNames: ['localhost'],
    notBefore: Date.now(),
    notAfter: Date.now() + 86_400_000,
    serialNumber: Uint8Array.of(1),
  });
  return { chain: [certificate], key };
}

/** A client and a listener that run in this page shake hands, by a certificate, and the client gets back what it says. */
export function shakeHands(version: DtlsVersionNumber, cipherSuite: CipherSuiteName): Spoken {
  const identity = newIdentity();
  const options = { ...platform, versions: [version], cipherSuites: [cipherSuite], connectionId: { length: 4 } };
  const listener = new DtlsListener({ ...options, identity });
  const client = new DtlsClient({ ...options, path: 'server' }, 0);
  client.send(new TextEncoder().encode('hello from a page'));
  let agreed: Omit<Spoken, 'echo'> | undefined;
  let echo = '';
  const buffer = new Uint8Array(2_048);
  for (let isSilent = false; !isSilent; ) {
    isSilent = true;
    for (let sent = client.pollTransmit(buffer); sent; sent = client.pollTransmit(buffer)) {
      listener.receive(buffer.slice(0, sent.length), 'client', 0);
      isSilent = false;
    }
    for (let event = listener.pollEvent(); event; event = listener.pollEvent()) {
      if (event.type === 'data') listener.send(event.peer, event.data.slice());
    }
    for (let sent = listener.pollTransmit(buffer); sent; sent = listener.pollTransmit(buffer)) {
      client.receive(buffer.slice(0, sent.length), 'server', 0);
      isSilent = false;
    }
    for (let event = client.pollEvent(); event; event = client.pollEvent()) {
      if (event.type === 'peerCertificate') client.acceptPeer(identity.key.spki, 0);
      if (event.type === 'connected') {
        agreed = { version: event.version, cipherSuite: event.cipherSuite, group: event.group };
      }
      if (event.type === 'data') echo = new TextDecoder().decode(event.data);
    }
  }
  if (agreed === undefined) throw new Error('no handshake');
  return { ...agreed, echo };
}

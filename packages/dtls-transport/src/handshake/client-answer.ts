import type { CryptoProvider, SignatureScheme } from '../crypto/provider.ts';
import type { Identity } from '../identity.ts';
import { writeCertificate } from '../wire/certificate.ts';
import { CERTIFICATE_TYPE, type CertificateRequest } from '../wire/certificate-request.ts';
import { writeCertificateVerify } from '../wire/certificate-verify.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage, handshakeMessage } from '../wire/handshake-message.ts';
import { writeClientKeyExchange } from '../wire/key-exchange.ts';
import { extendedMasterSecret } from './key-schedule.ts';
import type { ServerFlight } from './server-flight.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';
import type { Transcript } from './transcript.ts';

/** Our half of the key exchange and what came of it. */
export interface ClientSecrets {
  /** With ECDHE. */
  readonly publicKey: Uint8Array | undefined;
  /** With a shared key. */
  readonly pskIdentity: Uint8Array | undefined;
  readonly premasterSecret: Uint8Array;
}

/** What a client says between the server's flight and its own Finished. */
export interface ClientAnswer {
  readonly messages: readonly HandshakeMessage[];
  readonly masterSecret: Uint8Array;
  /** ClientHello to the last of `messages`. */
  readonly transcript: Transcript;
}

/** Writes the answer to a server's flight; its first message has the number `firstSeq`. */
export function writeClientAnswer(
  crypto: CryptoProvider,
  { suite, certificateRequest }: ServerFlight,
  { publicKey, pskIdentity, premasterSecret }: ClientSecrets,
  identity: Identity | undefined,
  upToServer: Transcript,
  firstSeq: number,
): ClientAnswer {
  const messages: HandshakeMessage[] = [];
  const add = (type: number, body: Uint8Array) =>
    messages.push(handshakeMessage(type, firstSeq + messages.length, body));
  const scheme = certificateRequest && identity && schemeToSign(certificateRequest, identity);
  if (certificateRequest !== undefined) {
    // RFC 5246 7.4.6: asked for a certificate and having none that does, we send an empty list.
    add(HANDSHAKE_TYPE.certificate, writeCertificate(scheme === undefined ? [] : identity!.chain));
  }
  add(HANDSHAKE_TYPE.clientKeyExchange, writeClientKeyExchange({ publicKey, pskIdentity }));
  const throughExchange = upToServer.with(...messages);
  const sessionHash = throughExchange.hash(crypto, suite.hash);
  const masterSecret = extendedMasterSecret(crypto, suite.hash, premasterSecret, sessionHash);
  if (scheme !== undefined) {
    const signature = identity!.key.sign(scheme, throughExchange.bytes());
    const body = writeCertificateVerify({ signatureScheme: SCHEME_NUMBERS[scheme], signature });
    add(HANDSHAKE_TYPE.certificateVerify, body);
  }
  return { messages, masterSecret, transcript: upToServer.with(...messages) };
}

/** What our key can sign that the server takes; `undefined` when nothing does (RFC 5246 7.4.4). */
function schemeToSign(request: CertificateRequest, { key }: Identity): SignatureScheme | undefined {
  return key.schemes.find((scheme) => {
    const type = scheme.startsWith('rsa_') ? CERTIFICATE_TYPE.rsaSign : CERTIFICATE_TYPE.ecdsaSign;
    return request.certificateTypes.includes(type) && request.signatureSchemes.includes(SCHEME_NUMBERS[scheme]);
  });
}

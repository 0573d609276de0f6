import type { GroupName, SignatureScheme } from '../crypto/provider.ts';
import { DtlsPeerError, type PeerReason } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { readCertificate } from '../wire/certificate.ts';
import { type CertificateRequest, readCertificateRequest } from '../wire/certificate-request.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';
import {
  readHintedServerShare,
  readIdentityHint,
  readSignedServerShare,
  type ServerShare,
  type SignedServerShare,
} from '../wire/key-exchange.ts';
import { DTLS_1_2 } from '../wire/record.ts';
import { readServerHello } from '../wire/server-hello.ts';
import { type CipherSuite, type KeyExchangeKind, schemesFor, usesCertificate } from './cipher-suites.ts';
import { checkCommonExtensions } from './common-extensions.ts';
import type { HandshakeHost } from './handshake.ts';
import { type IdOffer, readIdOffer } from './id-extensions.ts';
import { isWholeFlight, type Place } from './message-order.ts';
import { groupNumbered, NULL_COMPRESSION } from './parameters.ts';
import { peerRecordSizeLimit } from './record-size-limit.ts';
import { schemeNumbered } from './signature-schemes.ts';

/** What a server's first flight says, checked as far as that goes without the certificate's key. */
export interface ServerFlight {
  readonly suite: CipherSuite;
  readonly serverRandom: Uint8Array;
  /** The server's certificates; none where it shows itself by a shared key. */
  readonly chain: readonly Uint8Array[];
  /** Its half of ECDHE. */
  readonly share: { readonly group: GroupName; readonly publicKey: Uint8Array } | undefined;
  /** What its certificate's key has signed, beside the two randoms. */
  readonly signed:
    | { readonly params: Uint8Array; readonly scheme: SignatureScheme; readonly signature: Uint8Array }
    | undefined;
  /** It wants a certificate of ours. */
  readonly certificateRequest: CertificateRequest | undefined;
  /** The most plaintext that it takes in a record, if it has said so (RFC 8449). */
  readonly recordSizeLimit: number | undefined;
  /** What it answers to our offer of connection ids, if it takes it. */
  readonly ids: IdOffer | undefined;
}

/** What the client has offered. */
export interface Offer extends Pick<HandshakeHost, 'cipherSuites' | 'groups'> {
  readonly extensions: Extensions;
  readonly signatureSchemes: readonly SignatureScheme[];
}

const { serverHello, certificate, serverKeyExchange, certificateRequest, serverHelloDone } = HANDSHAKE_TYPE;

/** RFC 5246 7.3; RFC 4279 2 and RFC 5489 2: with a shared key alone there may be a hint, and nobody asks for certificates. */
const CERTIFICATE_ORDER: readonly Place[] = [
  { type: serverHello },
  { type: certificate },
  { type: serverKeyExchange },
  { type: certificateRequest, optional: true },
  { type: serverHelloDone },
];
const ORDERS: Readonly<Record<KeyExchangeKind, readonly Place[]>> = {
  ecdhe_ecdsa: CERTIFICATE_ORDER,
  ecdhe_rsa: CERTIFICATE_ORDER,
  ecdhe_psk: [{ type: serverHello }, { type: serverKeyExchange }, { type: serverHelloDone }],
  psk: [{ type: serverHello }, { type: serverKeyExchange, optional: true }, { type: serverHelloDone }],
};

/**
 * Reads the messages of a server's flight, a ServerHello first. `undefined` while some are still to come. Throws
 * `DtlsMalformedError` or `DtlsPeerError`.
 */
export function readServerFlight(messages: readonly HandshakeMessage[], offer: Offer): ServerFlight | undefined {
  const hello = checkServerHello(messages[0]!.body, offer);
  if (!isWholeFlight(messages, ORDERS[hello.suite.keyExchange])) return undefined;
  const body = (type: number) => messages.find((message) => message.type === type)?.body;
  const request = body(certificateRequest);
  if (body(serverHelloDone)!.length > 0)
    refuse('unexpected-message', ALERT.decode_error, 'ServerHelloDone is not empty');
  return {
    ...hello,
    chain: usesCertificate(hello.suite) ? readChain(body(certificate)!) : [],
    ...readKeyExchange(body(serverKeyExchange), hello.suite, offer),
    certificateRequest: request === undefined ? undefined : readCertificateRequest(request),
  };
}

function readChain(body: Uint8Array): readonly Uint8Array[] {
  const chain = readCertificate(body);
  if (chain.length === 0) refuse('no-certificate', ALERT.bad_certificate, 'the server sent no certificate');
  return chain;
}

function readKeyExchange(
  body: Uint8Array | undefined,
  suite: CipherSuite,
  offer: Offer,
): Pick<ServerFlight, 'share' | 'signed'> {
  switch (suite.keyExchange) {
    case 'psk':
      if (body !== undefined) readIdentityHint(body);
      return { share: undefined, signed: undefined };
    case 'ecdhe_psk':
      return { share: checkShare(readHintedServerShare(body!), offer), signed: undefined };
    default: {
      const share = readSignedServerShare(body!);
      return { share: checkShare(share, offer), signed: checkScheme(share, suite, offer) };
    }
  }
}

function checkShare({ group: number, publicKey }: ServerShare, { groups }: Offer): ServerFlight['share'] {
  const group = groupNumbered(number, groups);
  if (group === undefined)
    refuse('no-common-group', ALERT.illegal_parameter, `the server chose group ${number}, which was not offered`);
  return { group, publicKey };
}

function checkScheme(
  { params, signatureScheme, signature }: SignedServerShare,
  suite: CipherSuite,
  { signatureSchemes }: Offer,
): ServerFlight['signed'] {
  // RFC 5246 7.4.3: one that was offered, and fits the suite.
  const scheme = schemeNumbered(signatureScheme, schemesFor(suite, signatureSchemes));
  if (scheme === undefined) {
    refuse(
      'no-common-signature-scheme',
      ALERT.illegal_parameter,
      'the server signs with a scheme that was not offered, or not for this suite',
    );
  }
  return { params, scheme, signature };
}

function checkServerHello(
  body: Uint8Array,
  offer: Offer,
): Pick<ServerFlight, 'suite' | 'serverRandom' | 'recordSizeLimit' | 'ids'> {
  const { version, random, cipherSuite, compressionMethod, extensions } = readServerHello(body);
  if (version !== DTLS_1_2) {
    refuse('unsupported-version', ALERT.protocol_version, `the server chose version 0x${version.toString(16)}`);
  }
  const suite = offer.cipherSuites.find(({ number }) => number === cipherSuite);
  if (suite === undefined || compressionMethod !== NULL_COMPRESSION) {
    refuse('no-common-cipher-suite', ALERT.illegal_parameter, 'the server chose a cipher suite that was not offered');
  }
  for (const type of extensions.keys()) {
    // RFC 5246 7.4.1.4; our signalling cipher suite offers renegotiation_info (RFC 5746 3.4).
    if (!offer.extensions.has(type) && type !== EXTENSION.renegotiationInfo) {
      refuse('unoffered-extension', ALERT.unsupported_extension, `the server sent extension ${type} unasked`);
    }
  }
  checkCommonExtensions(extensions);
  const recordSizeLimit = peerRecordSizeLimit(extensions);
  return { suite, serverRandom: random, recordSizeLimit, ids: readIdOffer(extensions) };
}

function refuse(reason: PeerReason, alert: number, message: string): never {
  throw new DtlsPeerError(reason, alert, message);
}

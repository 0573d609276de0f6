import type { GroupName } from '../crypto/provider.ts';
import { DtlsPeerError, type PeerReason } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { readCertificate } from '../wire/certificate.ts';
import { checkCertificateRequest } from '../wire/certificate-request.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';
import { readServerKeyExchange, type ServerKeyExchange } from '../wire/key-exchange.ts';
import { DTLS_1_2 } from '../wire/record.ts';
import { readServerHello } from '../wire/server-hello.ts';
import {
  ECDSA_SECP256R1_SHA256,
  groupNumbered,
  NULL_COMPRESSION,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  UNCOMPRESSED_POINT,
} from './parameters.ts';

/** What a server's first flight says, checked as far as that goes without the certificate's key. */
export interface ServerFlight {
  readonly serverRandom: Uint8Array;
  readonly chain: readonly Uint8Array[];
  readonly keyExchange: ServerKeyExchange;
  readonly group: GroupName;
  readonly certificateRequested: boolean;
}

const { serverHello, certificate, serverKeyExchange, certificateRequest, serverHelloDone } = HANDSHAKE_TYPE;

/** RFC 5246 7.3: what may stand at each place. */
const ORDER: readonly (readonly number[])[] = [
  [serverHello],
  [certificate],
  [serverKeyExchange],
  [certificateRequest, serverHelloDone],
  [serverHelloDone],
];

/** True when the messages are a whole flight, false when some are still to come. Throws `DtlsPeerError` for a wrong order. */
export function isWholeServerFlight(messages: readonly HandshakeMessage[]): boolean {
  messages.forEach(({ type }, place) => {
    if (!ORDER[place]!.includes(type)) refuse('unexpected-message', ALERT.unexpected_message, `message type ${type}`);
  });
  return messages.at(-1)?.type === serverHelloDone;
}

/** Reads a whole flight. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readServerFlight(
  messages: readonly HandshakeMessage[],
  offered: Extensions,
  groups: readonly GroupName[],
): ServerFlight {
  const body = (type: number) => messages.find((message) => message.type === type)?.body;
  const serverRandom = checkServerHello(body(serverHello)!, offered);
  const chain = readCertificate(body(certificate)!);
  if (chain.length === 0) refuse('no-certificate', ALERT.bad_certificate, 'the server sent no certificate');
  const keyExchange = readServerKeyExchange(body(serverKeyExchange)!);
  const group = groupNumbered(keyExchange.group, groups);
  if (group === undefined) {
    refuse('no-common-group', ALERT.illegal_parameter, `the server chose group ${keyExchange.group}`);
  }
  if (keyExchange.signatureScheme !== ECDSA_SECP256R1_SHA256) {
    refuse(
      'no-common-signature-scheme',
      ALERT.illegal_parameter,
      'the server signs with a scheme that was not offered',
    );
  }
  const request = body(certificateRequest);
  if (request !== undefined) checkCertificateRequest(request);
  if (body(serverHelloDone)!.length > 0)
    refuse('unexpected-message', ALERT.decode_error, 'ServerHelloDone is not empty');
  return { serverRandom, chain, keyExchange, group, certificateRequested: request !== undefined };
}

/** Checks a ServerHello; returns its random. */
function checkServerHello(body: Uint8Array, offered: Extensions): Uint8Array {
  const { version, random, cipherSuite, compressionMethod, extensions } = readServerHello(body);
  if (version !== DTLS_1_2) {
    refuse('unsupported-version', ALERT.protocol_version, `the server chose version 0x${version.toString(16)}`);
  }
  if (cipherSuite !== TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 || compressionMethod !== NULL_COMPRESSION) {
    refuse('no-common-cipher-suite', ALERT.illegal_parameter, 'the server chose a cipher suite that was not offered');
  }
  for (const type of extensions.keys()) {
    // RFC 5246 7.4.1.4; our signalling cipher suite offers renegotiation_info (RFC 5746 3.4).
    if (!offered.has(type) && type !== EXTENSION.renegotiationInfo) {
      refuse('unoffered-extension', ALERT.unsupported_extension, `the server sent extension ${type} unasked`);
    }
  }
  checkCommonExtensions(extensions);
  return random;
}

/** What client and server may say alike. Throws `DtlsPeerError`. */
export function checkCommonExtensions(extensions: Extensions): void {
  // RFC 7627 5.2: we do not go on with a peer that lacks the extended master secret.
  const extendedMasterSecret = extensions.get(EXTENSION.extendedMasterSecret);
  if (extendedMasterSecret === undefined) {
    refuse('no-extended-master-secret', ALERT.handshake_failure, 'the peer does not know the extended master secret');
  }
  if (extendedMasterSecret.length > 0)
    refuse('bad-extension', ALERT.decode_error, 'extended_master_secret is not empty');
  // RFC 5746 3.4, 3.6: in a first handshake it carries an empty verify_data.
  const renegotiation = extensions.get(EXTENSION.renegotiationInfo);
  if (renegotiation !== undefined && !(renegotiation.length === 1 && renegotiation[0] === 0)) {
    refuse('renegotiation', ALERT.handshake_failure, 'renegotiation_info is not empty');
  }
  // RFC 8422 5.1.2: a list with a length of one byte, uncompressed among it.
  const formats = extensions.get(EXTENSION.ecPointFormats);
  if (formats === undefined) return;
  if (formats[0] !== formats.length - 1 || !formats.subarray(1).includes(UNCOMPRESSED_POINT)) {
    refuse('bad-extension', ALERT.illegal_parameter, 'ec_point_formats has no uncompressed points');
  }
}

function refuse(reason: PeerReason, alert: number, message: string): never {
  throw new DtlsPeerError(reason, alert, message);
}

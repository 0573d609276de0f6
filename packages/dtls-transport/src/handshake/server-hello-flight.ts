import type { KeyAgreement, SignatureScheme } from '../crypto/provider.ts';
import type { Identity } from '../identity.ts';
import { concatBytes } from '../wire/bytes.ts';
import { writeCertificate } from '../wire/certificate.ts';
import { CERTIFICATE_TYPE, writeCertificateRequest } from '../wire/certificate-request.ts';
import { HANDSHAKE_TYPE } from '../wire/handshake-message.ts';
import { serverKeyParams, writeHintedServerShare, writeSignedServerShare } from '../wire/key-exchange.ts';
import { DTLS_1_2 } from '../wire/record.ts';
import { writeServerHello } from '../wire/server-hello.ts';
import { usesCertificate } from './cipher-suites.ts';
import type { ClientOffer } from './client-offer.ts';
import { GROUP_NUMBERS, NULL_COMPRESSION } from './parameters.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';

/** A handshake message that has no number yet. */
export interface MessageBody {
  readonly type: number;
  readonly body: Uint8Array;
}

/** The server's first flight (RFC 5246 7.3), for what client and server have in common. */
export function writeServerFlight(
  client: ClientOffer,
  random: Uint8Array,
  agreement: KeyAgreement | undefined,
  ours: {
    readonly identity: Identity | undefined;
    /** What the client's certificate may sign with; `undefined` when it is not asked for one. */
    readonly requestedSchemes: readonly SignatureScheme[] | undefined;
  },
): readonly MessageBody[] {
  const flight: MessageBody[] = [{ type: HANDSHAKE_TYPE.serverHello, body: serverHello(random, client) }];
  const params = agreement && serverKeyParams(GROUP_NUMBERS[agreement.group], agreement.publicKey);
  if (usesCertificate(client.suite)) {
    const { chain, key } = ours.identity!;
    const scheme = client.scheme!;
    const signature = key.sign(scheme, concatBytes([client.random, random, params!]));
    const share = writeSignedServerShare(params!, SCHEME_NUMBERS[scheme], signature);
    flight.push({ type: HANDSHAKE_TYPE.certificate, body: writeCertificate(chain) });
    flight.push({ type: HANDSHAKE_TYPE.serverKeyExchange, body: share });
    if (ours.requestedSchemes !== undefined) {
      flight.push({ type: HANDSHAKE_TYPE.certificateRequest, body: certificateRequest(ours.requestedSchemes) });
    }
  } else if (params !== undefined) {
    flight.push({ type: HANDSHAKE_TYPE.serverKeyExchange, body: writeHintedServerShare(params) });
  }
  flight.push({ type: HANDSHAKE_TYPE.serverHelloDone, body: new Uint8Array(0) });
  return flight;
}

function serverHello(random: Uint8Array, { suite, answer }: ClientOffer): Uint8Array {
  return writeServerHello({
    version: DTLS_1_2,
    random,
    sessionId: new Uint8Array(0), // RFC 5246 7.4.1.3: an empty id means that the session is not kept
    cipherSuite: suite.number,
    compressionMethod: NULL_COMPRESSION,
    extensions: answer,
  });
}

function certificateRequest(schemes: readonly SignatureScheme[]): Uint8Array {
  const takesRsa = schemes.some((scheme) => scheme.startsWith('rsa_'));
  return writeCertificateRequest({
    certificateTypes: takesRsa ? [CERTIFICATE_TYPE.ecdsaSign, CERTIFICATE_TYPE.rsaSign] : [CERTIFICATE_TYPE.ecdsaSign],
    signatureSchemes: schemes.map((scheme) => SCHEME_NUMBERS[scheme]),
  });
}

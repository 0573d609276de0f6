import type { SignatureScheme } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { readCertificate } from '../wire/certificate.ts';
import { readCertificateVerify } from '../wire/certificate-verify.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';
import { type ClientKeyExchange, readClientKeyExchange } from '../wire/key-exchange.ts';
import { type CipherSuite, usesEcdhe, usesPsk } from './cipher-suites.ts';
import { isWholeFlight, type Place } from './message-order.ts';
import { schemeNumbered } from './signature-schemes.ts';

/** What a client says between our first flight and its Finished. */
export interface ClientFlight extends ClientKeyExchange {
  /** The client's certificates; none when it was not asked or has none. */
  readonly chain: readonly Uint8Array[];
  /** What shows that the first certificate's key is the client's: there whenever there are certificates. */
  readonly signed: { readonly scheme: SignatureScheme; readonly signature: Uint8Array } | undefined;
  /** The ClientKeyExchange itself. */
  readonly exchange: HandshakeMessage;
  /** The messages that CertificateVerify signs and the master secret is bound to (RFC 7627 3): up to the key exchange. */
  readonly throughExchange: readonly HandshakeMessage[];
}

/** What the client was asked. */
export interface ClientRequest {
  readonly suite: CipherSuite;
  /** Whether it may do without a certificate; `undefined` when it was not asked for one. */
  readonly clientCertificate: 'request' | 'require' | undefined;
  readonly signatureSchemes: readonly SignatureScheme[];
}

const { certificate, clientKeyExchange, certificateVerify } = HANDSHAKE_TYPE;

/**
 * Reads the messages of a client's flight, as far as they have come. `undefined` while some are still to come. Throws
 * `DtlsMalformedError` or `DtlsPeerError`.
 */
export function readClientFlight(
  messages: readonly HandshakeMessage[],
  { suite, clientCertificate, signatureSchemes }: ClientRequest,
): ClientFlight | undefined {
  const [first] = messages;
  const hasChain = clientCertificate !== undefined && first?.type === certificate;
  const chain = hasChain ? readChain(first.body, clientCertificate) : [];
  if (!isWholeFlight(messages, orderOf(clientCertificate !== undefined, chain.length > 0))) return undefined;
  const at = messages.findIndex(({ type }) => type === clientKeyExchange);
  const exchange = messages[at]!;
  const verify = messages[at + 1];
  return {
    ...readClientKeyExchange(exchange.body, { psk: usesPsk(suite), ecdhe: usesEcdhe(suite) }),
    chain,
    signed: verify === undefined ? undefined : readSigned(verify.body, signatureSchemes),
    exchange,
    throughExchange: messages.slice(0, at + 1),
  };
}

/** RFC 5246 7.3: a CertificateVerify follows exactly when there is a certificate (CVE-2022-29222). */
function orderOf(asked: boolean, hasChain: boolean): readonly Place[] {
  return [
    ...(asked ? [{ type: certificate }] : []),
    { type: clientKeyExchange },
    ...(hasChain ? [{ type: certificateVerify }] : []),
  ];
}

function readChain(body: Uint8Array, wanted: 'request' | 'require'): readonly Uint8Array[] {
  const chain = readCertificate(body);
  if (chain.length === 0 && wanted === 'require') {
    // RFC 5246 7.4.6
    throw new DtlsPeerError('no-certificate', ALERT.handshake_failure, 'the client has no certificate, but needs one');
  }
  return chain;
}

function readSigned(body: Uint8Array, schemes: readonly SignatureScheme[]): ClientFlight['signed'] {
  const { signatureScheme, signature } = readCertificateVerify(body);
  const scheme = schemeNumbered(signatureScheme, schemes);
  if (scheme === undefined) {
    // RFC 5246 7.4.8
    throw new DtlsPeerError(
      'no-common-signature-scheme',
      ALERT.illegal_parameter,
      'the client signs with a scheme that was not asked for',
    );
  }
  return { scheme, signature };
}

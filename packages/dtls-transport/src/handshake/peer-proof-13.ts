import type { CryptoProvider } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { readCertificate13 } from '../wire/certificate-13.ts';
import { type CertificateVerify, readCertificateVerify } from '../wire/certificate-verify.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';
import type { CertificatePacker } from './certificate-packer.ts';
import type { CertificateTypeName } from './certificate-types.ts';
import { signedContent, signingSchemes13 } from './signature-13.ts';
import { schemeNumbered } from './signature-schemes.ts';
import type { Transcript13 } from './transcript-13.ts';
import { expectType } from './unexpected-message.ts';

/** What a peer shows of itself in a handshake: certificates or a key (RFC 8446 4.4.2), and a signature with it (4.4.3). */
export class PeerProof13 {
  readonly #crypto: CryptoProvider;
  readonly #signer: 'client' | 'server';
  readonly #transcript: Transcript13;
  readonly #type: CertificateTypeName;
  readonly #packer: CertificatePacker | undefined;
  #shown: readonly Uint8Array[] = [];
  #verify: CertificateVerify | undefined;
  /** The transcript's hash up to Certificate, which is signed. */
  #signedHash: Uint8Array = new Uint8Array(0);

  /** `packer`: what the peer was told that we can unpack with. */
  constructor(
    crypto: CryptoProvider,
    signer: 'client' | 'server',
    transcript: Transcript13,
    type: CertificateTypeName,
    packer: CertificatePacker | undefined,
  ) {
    this.#crypto = crypto;
    this.#signer = signer;
    this.#transcript = transcript;
    this.#type = type;
    this.#packer = packer;
  }

  /** It has shown nothing, or not yet. */
  get isEmpty(): boolean {
    return this.#shown.length === 0;
  }

  /** Its certificates (DER), its own first; none when it shows a key. */
  get chain(): readonly Uint8Array[] {
    return this.#type === 'x509' ? this.#shown : [];
  }

  /** Its key (SubjectPublicKeyInfo, DER) when it shows that alone. */
  get rawKey(): Uint8Array | undefined {
    return this.#type === 'raw-public-key' ? this.#shown[0] : undefined;
  }

  /** Certificate, or CompressedCertificate where that was asked for. */
  onCertificate(message: HandshakeMessage): void {
    const { context, entries } = readCertificate13(this.#unpacked(message));
    // RFC 8446 4.4.2: it is empty in the handshake, and so was that of our request.
    if (context.length > 0) {
      throw new DtlsPeerError('bad-hello', ALERT.illegal_parameter, 'the Certificate answers another request');
    }
    // RFC 7250 3: a raw key stands alone.
    if (this.#type === 'raw-public-key' && entries.length > 1) {
      throw new DtlsPeerError('no-certificate', ALERT.decode_error, 'the peer shows more than one raw key');
    }
    // RFC 8446 4.2, 4.4.2: we have asked for none, neither as a client nor in a CertificateRequest.
    if (entries.some(({ extensions }) => extensions.size > 0)) {
      throw new DtlsPeerError(
        'unoffered-extension',
        ALERT.unsupported_extension,
        'a certificate comes with an extension that was not asked for',
      );
    }
    this.#shown = entries.map(({ data }) => data.slice());
    this.#transcript.add(message);
    this.#signedHash = this.#transcript.hash();
  }

  #unpacked({ type, body }: HandshakeMessage): Uint8Array {
    if (type === HANDSHAKE_TYPE.compressedCertificate && this.#packer !== undefined) return this.#packer.unpack(body);
    expectType(type, HANDSHAKE_TYPE.certificate);
    return body;
  }

  onVerify(message: HandshakeMessage): void {
    this.#verify = readCertificateVerify(message.body);
    this.#transcript.add(message);
  }

  /** Throws `DtlsPeerError` unless the key `spki` (DER) has signed the handshake. */
  check(spki: Uint8Array): void {
    const { signatureScheme, signature } = this.#verify!;
    const scheme = schemeNumbered(signatureScheme, signingSchemes13(this.#crypto.signatureSchemes));
    if (scheme === undefined) {
      throw new DtlsPeerError(
        'no-common-signature-scheme',
        ALERT.illegal_parameter,
        `the ${this.#signer} signs as was not asked`,
      );
    }
    if (!this.#crypto.verify(scheme, spki, signedContent(this.#signer, this.#signedHash), signature)) {
      throw new DtlsPeerError('bad-signature', ALERT.decrypt_error, 'the key did not sign the handshake');
    }
  }
}

import type { GroupName } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { readEncryptedExtensions } from '../wire/certificate-13.ts';
import { readCertificateRequest13 } from '../wire/certificate-request-13.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';
import { readNumbers } from '../wire/key-share.ts';
import { type CertificatePacker, takesPacked } from './certificate-packer.ts';
import { type CertificateTypeName, chosenCertificateType } from './certificate-types.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { recordSizeLimit13 } from './client-offer-13.ts';
import { checkFinished } from './finished-13.ts';
import type { HandshakeHost13 } from './handshake-13.ts';
import type { HandshakeSecrets } from './key-schedule-13.ts';
import { PeerProof13 } from './peer-proof-13.ts';
import type { Transcript13 } from './transcript-13.ts';
import { expectType, unexpectedMessage } from './unexpected-message.ts';

/** What holds between ClientHello and ServerHello on one side and the server's flight on the other. */
export interface AgreedByHellos {
  readonly suite: CipherSuite13;
  /** The group of the key exchange; `undefined` where the shared key did without. */
  readonly group: GroupName | undefined;
  readonly secrets: HandshakeSecrets;
  /** Through ServerHello; it goes on with the flight. */
  readonly transcript: Transcript13;
  /** The server shows itself by the key that we share. */
  readonly isPsk: boolean;
}

/** What we have offered. */
export interface OfferedInHello {
  readonly extensions: Extensions;
  readonly certificateTypes: readonly CertificateTypeName[];
  /** How we can show ourselves. */
  readonly ownTypes: readonly CertificateTypeName[];
  readonly packer: CertificatePacker | undefined;
}

/** What the server wants to see of us. */
export interface Requested {
  readonly type: CertificateTypeName;
  /** The schemes that we may sign with. */
  readonly schemes: readonly number[];
  /** It can unpack a certificate. */
  readonly takesPacked: boolean;
}

/** What the server may say next. */
type State = 'extensions' | 'request-or-certificate' | 'certificate' | 'verify' | 'finished' | 'whole';

/** RFC 8446 4.2: of what we may offer, what is answered there. */
const IN_ENCRYPTED_EXTENSIONS: readonly number[] = [
  EXTENSION.serverName,
  EXTENSION.supportedGroups,
  EXTENSION.clientCertificateType,
  EXTENSION.serverCertificateType,
  EXTENSION.recordSizeLimit,
];

/** What a server says under the keys of the handshake, message by message: EncryptedExtensions to Finished (RFC 8446 4.3, 4.4). */
export class ServerFlight13 {
  readonly agreed: AgreedByHellos;
  readonly #crypto: HandshakeHost13['crypto'];
  readonly #offered: OfferedInHello;
  #state: State = 'extensions';
  #proof: PeerProof13 | undefined;
  #recordSizeLimit: number | undefined;
  #ownType: CertificateTypeName = 'x509';
  #requested: Requested | undefined;

  constructor(crypto: HandshakeHost13['crypto'], offered: OfferedInHello, agreed: AgreedByHellos) {
    this.#crypto = crypto;
    this.#offered = offered;
    this.agreed = agreed;
  }

  /** Something has come under the keys. */
  get hasBegun(): boolean {
    return this.#state !== 'extensions';
  }

  get isWhole(): boolean {
    return this.#state === 'whole';
  }

  /** How the server shows itself; `undefined` where the shared key does it. */
  get proof(): PeerProof13 | undefined {
    return this.#proof;
  }

  /** The most content that it takes in a record, if it has said so (RFC 8449). */
  get recordSizeLimit(): number | undefined {
    return this.#recordSizeLimit;
  }

  /** Set when the server asks for a certificate or a key. */
  get requested(): Requested | undefined {
    return this.#requested;
  }

  /** Throws `DtlsMalformedError` or `DtlsPeerError`. */
  onMessage(message: HandshakeMessage): void {
    const { type } = message;
    switch (this.#state) {
      case 'extensions':
        expectType(type, HANDSHAKE_TYPE.encryptedExtensions);
        this.#onExtensions(message);
        break;
      case 'request-or-certificate':
        if (type === HANDSHAKE_TYPE.certificateRequest) this.#onRequest(message);
        else this.#onCertificate(message);
        break;
      case 'certificate':
        this.#onCertificate(message);
        break;
      case 'verify':
        // CVE-2022-29222, CVE-2021-34433: nothing goes on without this signature.
        expectType(type, HANDSHAKE_TYPE.certificateVerify);
        this.#proof!.onVerify(message);
        this.#state = 'finished';
        break;
      case 'finished':
        expectType(type, HANDSHAKE_TYPE.finished);
        this.#onFinished(message);
        break;
      case 'whole':
        throw unexpectedMessage(type);
    }
  }

  #onExtensions(message: HandshakeMessage): void {
    const extensions = readEncryptedExtensions(message.body);
    for (const type of extensions.keys()) {
      // RFC 8446 4.2: only what the client offered may be answered, and where it belongs.
      if (this.#offered.extensions.has(type) && IN_ENCRYPTED_EXTENSIONS.includes(type)) continue;
      throw new DtlsPeerError('unoffered-extension', ALERT.unsupported_extension, `extension ${type} was not offered`);
    }
    const { isPsk, transcript } = this.agreed;
    if (!isPsk) {
      const { extensions: ours, certificateTypes, ownTypes, packer } = this.#offered;
      const type = chosenCertificateType(extensions, 'serverCertificateType', certificateTypes);
      // RFC 7250 4.2: without a word of the server it is X.509, which we need not have.
      this.#ownType = chosenCertificateType(extensions, 'clientCertificateType', [...ownTypes, 'x509']);
      const offeredPacker = ours.has(EXTENSION.compressCertificate) ? packer : undefined;
      this.#proof = new PeerProof13(this.#crypto, 'server', transcript, type, offeredPacker);
    }
    this.#recordSizeLimit = recordSizeLimit13(extensions.get(EXTENSION.recordSizeLimit));
    transcript.add(message);
    // RFC 8446 4.3.2: with a shared key nothing is asked and nothing else is shown.
    this.#state = isPsk ? 'finished' : 'request-or-certificate';
  }

  #onRequest(message: HandshakeMessage): void {
    const { context, extensions } = readCertificateRequest13(message.body);
    const schemes = extensions.get(EXTENSION.signatureAlgorithms);
    // RFC 8446 4.3.2
    if (context.length > 0 || schemes === undefined) {
      throw new DtlsPeerError(
        'bad-extension',
        ALERT.missing_extension,
        'the CertificateRequest is not one of a handshake',
      );
    }
    this.#requested = {
      type: this.#ownType,
      schemes: readNumbers(schemes, 'signature_algorithms'),
      takesPacked: takesPacked(extensions),
    };
    this.agreed.transcript.add(message);
    this.#state = 'certificate';
  }

  #onCertificate(message: HandshakeMessage): void {
    const proof = this.#proof!;
    proof.onCertificate(message);
    // RFC 8446 4.4.2.4: a server must have one.
    if (proof.isEmpty) {
      throw new DtlsPeerError('no-certificate', ALERT.decode_error, 'the server shows no certificate or key');
    }
    this.#state = 'verify';
  }

  #onFinished(message: HandshakeMessage): void {
    const { suite, secrets, transcript } = this.agreed;
    checkFinished(this.#crypto, suite.hash, secrets.handshake.server, transcript, message);
    transcript.add(message);
    this.#state = 'whole';
  }
}

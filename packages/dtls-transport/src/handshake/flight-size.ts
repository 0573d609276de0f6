import { HANDSHAKE_HEADER_LENGTH } from '../wire/handshake-message.ts';
import type { ClientOffer13 } from './client-offer-13.ts';
import { certificateMessage, type OwnProof } from './own-proof-13.ts';
import type { ServerPolicy13 } from './server-handshake-13.ts';

/** ServerHello in its record with a key of P-256, the longest that we have. */
const SERVER_HELLO = 13 + HANDSHAKE_HEADER_LENGTH + 119;
/** EncryptedExtensions with all that we answer. */
const ENCRYPTED_EXTENSIONS = HANDSHAKE_HEADER_LENGTH + 13;
/** CertificateRequest with all our schemes, and that we can unpack; client_certificate_type in EncryptedExtensions. */
const CERTIFICATE_REQUEST = HANDSHAKE_HEADER_LENGTH + 24 + 5;
/** Scheme and length of a CertificateVerify, beside the signature; ECDSA and Ed25519 have at most 72 bytes. */
const CERTIFICATE_VERIFY = HANDSHAKE_HEADER_LENGTH + 4;
const SHORT_SIGNATURE = 72;
/** Finished with SHA-384. */
const FINISHED = HANDSHAKE_HEADER_LENGTH + 48;
/** What a datagram adds at most: a record, and the header of a fragment. */
const PER_DATAGRAM = 22 + HANDSHAKE_HEADER_LENGTH;

/** connection_id beside the id, and rrc. */
const ID_EXTENSION = 5;
const RRC_EXTENSION = 4;

/** pre_shared_key beside its header: which one. */
const PSK_EXTENSION = 6;

/**
 * Bytes that the server's flight to a client takes, at most; `ownIds` is the length of the connection ids that we give out. Where a
 * client names a shared key, it counts that it is found: the flight of another kind may have to wait for more of the client.
 */
export function serverFlightSize(
  { psk, proof, ids }: ClientOffer13,
  { clientCertificate }: Pick<ServerPolicy13, 'clientCertificate'>,
  maxDatagram: number,
  ownIds = 0,
): number {
  const content =
    SERVER_HELLO +
    (ids === undefined ? 0 : ID_EXTENSION + ownIds + (ids.checksPaths ? RRC_EXTENSION : 0)) +
    ENCRYPTED_EXTENSIONS +
    (psk === undefined ? proofSize(proof!, clientCertificate !== undefined) : PSK_EXTENSION) +
    FINISHED;
  const perDatagram = PER_DATAGRAM + (ids?.id.length ?? 0);
  const datagrams = Math.ceil(content / Math.max(1, maxDatagram - perDatagram));
  return content + datagrams * perDatagram;
}

function proofSize(proof: OwnProof, asksForCertificate: boolean): number {
  const { key, scheme } = proof;
  // The SPKI of an RSA key holds the modulus, which is as long as the signature.
  const signature = scheme.startsWith('rsa_') ? key.spki.length : SHORT_SIGNATURE;
  return (
    (asksForCertificate ? CERTIFICATE_REQUEST : 0) +
    (HANDSHAKE_HEADER_LENGTH + certificateMessage(proof).body.length) +
    (CERTIFICATE_VERIFY + signature)
  );
}

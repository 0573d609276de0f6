/** Why a transfer failed. */
export type BlockwiseReason =
  /** The options leave no room for a block of 16 bytes. */
  | 'no_room'
  /** The body exceeds `maxBodyBytes`, or has more blocks than NUM can count. */
  | 'body_too_large'
  /** A request that carries Block1, Size1 or a Block2 with NUM above 0 already. */
  | 'already_blockwise'
  /** The peer's blocks do not fit together. */
  | 'bad_block'
  /** The representation changed during the transfer, again and again or where it cannot be asked for again. */
  | 'body_changed'
  /** The peer's body exceeds `maxBodyBytes`. */
  | 'peer_body_too_large';

/** Whose doing it was. */
export type BlockwiseErrorCode =
  /** The caller's: it is thrown at once. */
  | 'refused'
  /** The peer's: it is a result. */
  | 'misbehaved';

/** The one error class of this package. Match on `code` and `reason`; the message is for people. */
export class BlockwiseError extends Error {
  readonly code: BlockwiseErrorCode;
  readonly reason: BlockwiseReason;

  constructor(code: BlockwiseErrorCode, reason: BlockwiseReason, message: string) {
    super(message);
    this.name = 'BlockwiseError';
    this.code = code;
    this.reason = reason;
  }
}

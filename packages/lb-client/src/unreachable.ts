/** No link came about, or all that there were broke: the request may go over HTTPS. Not for the app to see. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';

  constructor(cause: unknown) {
    super('The low-bandwidth server cannot be reached', { cause });
  }
}

/** Whoever answers has another public key than the server was said to have. */
export class PinMismatch extends Unreachable {}

/** The server offers no low bandwidth. */
export class Unsupported extends Unreachable {}

import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';

/** A message of this type has no place here. */
export function unexpectedMessage(type: number): DtlsPeerError {
  return new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
}

/** Throws `DtlsPeerError` (`unexpected-message`). */
export function expectType(type: number, expected: number): void {
  if (type !== expected) throw unexpectedMessage(type);
}

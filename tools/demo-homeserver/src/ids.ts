import { randomBytes } from 'node:crypto';

/** A user id of any server: `@localpart:server`. */
const USER_ID = /^@[^:]*:.+$/;

/** What a user name may consist of, here and in Synapse. */
const LOCALPART = /^[a-z0-9=_\-./+]+$/;

/** A word that nobody can guess: 256 bits as 43 characters of base64url. */
export function opaqueId(): string {
  return randomBytes(32).toString('base64url');
}

/** A device id in the usual look: ten capital letters. */
export function newDeviceId(): string {
  return Array.from(randomBytes(10), (byte) => String.fromCharCode(65 + (byte % 26))).join('');
}

/** Whether a text is a user id. */
export function isUserId(text: string): boolean {
  return USER_ID.test(text) && text.length <= 255;
}

/** Whether a text may become the part of a user id before the colon. */
export function isLocalpart(text: string): boolean {
  return LOCALPART.test(text);
}

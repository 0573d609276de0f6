import { checkPassword, type Requester } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { opaqueId } from '../ids.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { invalidParam, MatrixError, Refusal } from '../matrix-error.ts';

/** Sessions that may wait for a password; the oldest goes first. */
const MAX_CONFIRMATIONS = 100;

/**
 * User-interactive authentication with the one stage `m.login.password`: lets a request pass that carries the user's password.
 *
 * @throws Refusal 401 with a session when the password is still to come, and with M_FORBIDDEN when it is wrong
 */
export function confirmPassword({ confirmations }: Homeserver, { user }: Requester, body: JsonObject): void {
  const { auth } = body;
  if (auth === undefined) throw ask(openSession(confirmations));
  if (!isObject(auth)) throw invalidParam("'auth' must be an object");
  const { session: sent, type, password } = auth;
  if (sent !== undefined && !(typeof sent === 'string' && confirmations.has(sent))) {
    throw new MatrixError(400, 'M_UNKNOWN', `Unknown session ID: ${String(sent)}`);
  }
  const session = typeof sent === 'string' ? sent : openSession(confirmations);
  const isRight =
    type === 'm.login.password' &&
    typeof password === 'string' &&
    isSame(auth, user.id, user.localpart) &&
    checkPassword(user, password);
  if (!isRight) throw ask(session, { completed: [], errcode: 'M_FORBIDDEN', error: 'Invalid username or password' });
  confirmations.delete(session);
}

function openSession(confirmations: Set<string>): string {
  const [oldest] = confirmations;
  if (oldest !== undefined && confirmations.size >= MAX_CONFIRMATIONS) confirmations.delete(oldest);
  const session = opaqueId();
  confirmations.add(session);
  return session;
}

function ask(session: string, more: JsonObject = {}): Refusal {
  return new Refusal(401, { session, flows: [{ stages: ['m.login.password'] }], params: {}, ...more });
}

/** Whether it is the user themself who confirms: by an identifier, or by the older field `user`. */
function isSame({ identifier, user }: JsonObject, userId: string, localpart: string): boolean {
  const name: Json | undefined = isObject(identifier) ? identifier.user : user;
  return name === userId || name === localpart;
}

import { type BodyForm, keyBytes } from './body-form.ts';
import { CborWalk } from './cbor-walk.ts';
import { startOf } from './lean/header.ts';

/** Names under which bodies carry secrets: a body with one of them is not compressed, wherever it goes. */
export const SECRET_KEYS: readonly string[] = [
  'password',
  'new_password',
  'auth',
  'session',
  'access_token',
  'refresh_token',
  'login_token',
  'token',
  'id_access_token',
  'client_secret',
  'code',
  'secret',
  'private_key',
  'session_key',
  'passphrase',
];

/** The names in each form of keys that there is. */
const ENCODED = new Map<string, ReadonlySet<string>>();

/** Whether CBOR of ours has one of these names as a key, at any depth. */
export function hasSecretKey(cbor: Uint8Array, form: BodyForm): boolean {
  const secret = encodedKeys(form);
  const walk = new CborWalk(cbor, startOf(cbor));
  let found = false;
  const visit = (): void => {
    walk.untag();
    if (walk.type === 4) walk.items(visit);
    else if (walk.type === 5) {
      walk.members((key) => {
        found ||= secret.has(key);
        visit();
      });
    } else walk.skip();
  };
  visit();
  return found;
}

function encodedKeys(form: BodyForm): ReadonlySet<string> {
  const id = `${form.keys?.version} ${form.base64}`;
  let keys = ENCODED.get(id);
  if (keys === undefined) {
    keys = new Set(SECRET_KEYS.map((name) => keyBytes(name, form)));
    ENCODED.set(id, keys);
  }
  return keys;
}

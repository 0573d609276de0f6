import type { JsonValue } from '@lb-matrix/lb-cbor-keys';
import { isBase64 } from './is-base64.ts';
import type { Random } from './random.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const BASE64 = `${UPPER}${LOWER}${DIGITS}+/`;
const TOP_LEVEL = ['org', 'net', 'com', 'de', 'im', 'io', 'fr'];
const WORDS =
  'the a to and in is it you that of for on are with as be this have from or at not we can all your will but what there when out up no yes ok so just like time about how me do thanks'.split(
    ' ',
  );

/** Members whose value is free text, a name or a secret. */
const FREE = new Set([
  'body',
  'formatted_body',
  'name',
  'topic',
  'displayname',
  'display_name',
  'username',
  'password',
  'user',
  'search_term',
  'filename',
  'reason',
  'last_seen_ip',
  'device_display_name',
  'initial_device_display_name',
  'status_msg',
  'user_agent',
  'room_alias_name',
  'access_token',
  'refresh_token',
  'sdp',
  'secret',
  'salt',
]);

/** Replaces all that says who, where, when and what in training data, by something random of the same form. */
export class Scrubber {
  readonly #random: Random;
  /** Names of users, wherever they stand. */
  readonly #names: ReadonlySet<string>;

  constructor(random: Random, names: ReadonlySet<string>) {
    this.#random = random;
    this.#names = names;
  }

  value(value: JsonValue, key?: string): JsonValue {
    if (typeof value === 'string') return this.#string(value, key);
    // Times, in milliseconds.
    if (typeof value === 'number' && value > 1.5e12 && value < 2.2e12)
      return 1_760_000_000_000 + this.#random.below(2e9) * 30;
    if (isArray(value)) return value.map((item) => this.value(item, key));
    if (typeof value !== 'object' || value === null) return value;
    const result: Record<string, JsonValue> = {};
    for (const [name, member] of Object.entries(value)) {
      const scrubbed = isIdentifier(name) ? this.#string(name) : name;
      result[scrubbed] = this.value(member, name);
    }
    return result;
  }

  #string(text: string, key?: string): string {
    const random = this.#random;
    if (key !== undefined && FREE.has(key)) return this.#words();
    if (this.#names.has(text)) return random.pick(LOWER, 4 + random.below(7));
    if (text.startsWith('@') && text.includes(':'))
      return `@${random.pick(LOWER, 4 + random.below(7))}:${this.#domain()}`;
    if (text.startsWith('!')) return this.#roomId(text);
    if (text.startsWith('$')) return `$${random.bytes(32).toString('base64url')}`;
    if (text.startsWith('#')) return `#${random.pick(LOWER, 4 + random.below(6))}:${this.#domain()}`;
    if (text.startsWith('mxc://')) return `mxc://${this.#domain()}/${random.pick(UPPER + LOWER, 24)}`;
    if (/^(ed25519|curve25519):/.test(text)) return this.#keyId(text);
    if (text.startsWith('signed_curve25519:'))
      return `signed_curve25519:AAAAAAAAA${random.pick(BASE64.slice(0, 62), 2)}`;
    if (/^[A-Z]{10}$/.test(text)) return random.pick(UPPER, 10);
    if (/^s\d+(_\d+)+$/.test(text))
      return text.replace(/\d+/g, (d) => (d.length < 2 ? d : random.pick(DIGITS, d.length)));
    if (/^t\d+-/.test(text)) return text.replace(/\d+/g, (d) => random.pick(DIGITS, d.length));
    if (/^m\d{10,}\.\d+$/.test(text)) return `m17${random.pick(DIGITS, 11)}.${random.below(60)}`;
    if (text.startsWith('syt_')) return `syt_${random.pick(BASE64.slice(0, 62), text.length - 4)}`;
    if (/^https?:/.test(text)) return `https://${this.#domain()}/`;
    if (isRandom(text)) return this.#base64(text);
    if (/^[0-9a-f]{32}$/.test(text)) return random.pick('0123456789abcdef', 32);
    if (/^(localhost|example\.(org|com))$/.test(text)) return this.#domain();
    if (!/(localhost|example\.(org|com))/.test(text)) return text;
    const domain = this.#domain();
    return text.replace(/localhost|[a-z.]*example\.(org|com)/g, domain);
  }

  #domain(): string {
    return `${this.#random.pick(LOWER, 3 + this.#random.below(6))}.${TOP_LEVEL[this.#random.below(7)]}`;
  }

  #words(): string {
    const random = this.#random;
    return Array.from({ length: 1 + random.below(8) }, () =>
      random.below(3) ? WORDS[random.below(WORDS.length)] : random.pick(LOWER, 2 + random.below(7)),
    ).join(' ');
  }

  #roomId(text: string): string {
    const random = this.#random;
    if (text.includes(':') || random.below(2)) return `!${random.pick(UPPER + LOWER, 18)}:${this.#domain()}`;
    return `!${this.#base64('x'.repeat(43)).replace(/\+/g, '-').replace(/\//g, '_')}`;
  }

  #keyId(text: string): string {
    const [algorithm] = text.split(':', 1);
    const id = text.slice(algorithm!.length + 1);
    return `${algorithm}:${!/^[A-Z]{10}$/.test(id) && id.length > 20 ? this.#base64(id) : this.#random.pick(UPPER, 10)}`;
  }

  /** Of the same length and form, and still base64 that comes back from its bytes. */
  #base64(text: string): string {
    const { length } = text.replace(/=+$/, '');
    const bytes = this.#random.bytes(Math.floor((length * 3) / 4));
    const encoded = /[-_]/.test(text) ? bytes.toString('base64url') : bytes.toString('base64').replace(/=+$/, '');
    return encoded + '='.repeat(text.length - length);
  }
}

function isIdentifier(name: string): boolean {
  return (
    /^[@!$#]/.test(name) ||
    /^(ed25519|curve25519|signed_curve25519):/.test(name) ||
    /^[A-Z]{10}$/.test(name) ||
    isRandom(name)
  );
}

function isRandom(text: string): boolean {
  return text.length >= 20 && isBase64(text) && /[A-Z]/.test(text) && /[0-9]/.test(text);
}

/** Array.isArray does not narrow a readonly array. */
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

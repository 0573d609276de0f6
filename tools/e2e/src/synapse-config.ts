import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** What differs between one test homeserver and another. */
export interface SynapseSettings {
  /** Directory for the database, the media and the log. */
  readonly directory: string;
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Whether sending messages is limited to {@link RATE_LIMIT}; wrong passwords always are. */
  readonly rateLimited: boolean;
}

/** The limit of a rate-limited homeserver: messages a second and how many may come at once, per user. */
export const RATE_LIMIT = { per_second: 0.2, burst_count: 3 } as const;

/** The limit of wrong passwords, per account. */
const WRONG_PASSWORDS = { per_second: 0.01, burst_count: 3 } as const;

const UNLIMITED = { per_second: 10_000, burst_count: 10_000 } as const;

/** A `homeserver.yaml` as JSON text (every JSON text is YAML): SQLite, one loopback listener, open registration, no federation. */
export function synapseConfig({ directory, port, rateLimited }: SynapseSettings): string {
  return JSON.stringify({
    server_name: 'localhost',
    public_baseurl: `http://127.0.0.1:${port}/`,
    listeners: [
      {
        port,
        bind_addresses: ['127.0.0.1'],
        type: 'http',
        tls: false,
        x_forwarded: true,
        resources: [{ names: ['client'], compress: false }],
      },
    ],
    database: { name: 'sqlite3', args: { database: join(directory, 'homeserver.db') } },
    media_store_path: join(directory, 'media'),
    signing_key: `ed25519 a_test ${randomBytes(32).toString('base64').replace(/=+$/, '')}`,
    macaroon_secret_key: randomBytes(32).toString('hex'),
    form_secret: randomBytes(32).toString('hex'),
    report_stats: false,
    trusted_key_servers: [],
    enable_registration: true,
    enable_registration_without_verification: true,
    // Passwords of a test guard nothing: the fewest rounds that bcrypt allows, instead of a quarter of a second for each login.
    bcrypt_rounds: 4,
    // The demo homeserver has no presence; without this every /sync would differ.
    presence: { enabled: false },
    rc_message: rateLimited ? RATE_LIMIT : UNLIMITED,
    rc_registration: UNLIMITED,
    rc_login: { address: UNLIMITED, account: UNLIMITED, failed_attempts: WRONG_PASSWORDS },
    rc_joins: { local: UNLIMITED, remote: UNLIMITED },
    rc_joins_per_room: UNLIMITED,
    rc_invites: { per_room: UNLIMITED, per_user: UNLIMITED, per_issuer: UNLIMITED },
    rc_room_creation: UNLIMITED,
    rc_profile: UNLIMITED,
  });
}

import {
  type BindAddress,
  COMPRESSION_FLAGS,
  type CommandFlag,
  type CompressionChoice,
  LOG_FLAGS,
  type LogFormat,
  type LogLevel,
  parseBindAddress,
  parseCommandLine,
  readCompression,
  UsageError,
} from '@lb-matrix/cli-args';
import { isPublicKeyPin } from '@lb-matrix/dtls-transport';
import { type Homeserver, parseHomeserver, parseHttpUrl } from './homeserver-url.ts';
import type { CertificateFiles } from './server-certificate.ts';

/** The URL under which clients find the proxy. */
interface AdvertisedUrl {
  /** As it was written: what clients are told. */
  readonly text: string;
  readonly url: URL;
}

/** What a command line asks for. */
export interface ProxySettings {
  readonly homeserver: Homeserver;
  /** `--local` as it was written. */
  readonly local: string;
  /** PEM files; without them the proxy has a certificate of its own. */
  readonly certificateFiles: CertificateFiles | undefined;
  /** A PEM file with the key to show without a certificate; without it one that is kept. */
  readonly rawKeyFile: string | undefined;
  /** The pin of the key that will follow it. */
  readonly nextRawKeyPin: string | undefined;
  /** The public URL; without it there is no TCP listener. */
  readonly advertise: AdvertisedUrl | undefined;
  readonly bind: BindAddress;
  /** `--dtls-bind-addr` as it was written. */
  readonly bindText: string;
  readonly pathPrefix: 'r0' | 'v3';
  /** Largest IP packet in bytes. */
  readonly mtu: number;
  /** Milliseconds. */
  readonly ackDelay: number;
  readonly forwardClientAddress: boolean;
  readonly compression: CompressionChoice;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat | undefined;
}

const FLAGS = {
  local: { type: 'string', describe: 'The homeserver to forward to, such as http://localhost:8008' },
  'tls-cert': { type: 'string', describe: 'PEM file with the certificate, its issuers after it' },
  'tls-key': { type: 'string', describe: 'PEM file with the P-256 private key of the certificate' },
  'raw-key': {
    type: 'string',
    describe:
      'PEM file with the Ed25519 key to show without a certificate; made when absent (default: one that is kept)',
  },
  'next-raw-key-pin': {
    type: 'string',
    describe: 'sha256/BASE64 of the public key that will follow, for /versions: clients take it at once then',
  },
  advertise: {
    type: 'string',
    describe: 'Public URL of this proxy: serves HTTP (or HTTPS) on the TCP port too, and names this URL to clients',
  },
  'dtls-bind-addr': { type: 'string', default: ':8008', describe: 'UDP address to listen on; also the TCP one' },
  'enum-prefix': {
    type: 'string',
    choices: ['v3', 'r0'],
    default: 'v3',
    describe: 'What short paths stand for: r0 for homeservers older than Matrix 1.1',
  },
  mtu: { type: 'number', default: 1280, describe: 'Largest IP packet to send, in bytes' },
  'ack-delay': { type: 'number', default: 200, describe: 'Milliseconds until a slow request is acknowledged' },
  'forwarded-for': {
    type: 'boolean',
    describe:
      'Tell the homeserver client addresses (X-Forwarded-For); by itself only on loopback and private addresses',
  },
  ...COMPRESSION_FLAGS,
  ...LOG_FLAGS,
} as const satisfies Record<string, CommandFlag>;

const EPILOGUE = `Examples:
  lb-proxy --local http://localhost:8008 --dtls-bind-addr :8448
  lb-proxy --local https://matrix-client.matrix.org --tls-cert cert.pem --tls-key private-key.pem \\
    --advertise http://127.0.0.1:8008

Without --tls-cert the proxy makes a certificate and keeps it in $XDG_STATE_HOME/lb-proxy (~/.local/state/lb-proxy),
as it does with a key without --raw-key. The log names that key's pin, for coap --pin; /versions names it to clients.
The proxy sees all traffic that is not end-to-end encrypted, passwords included: only use one that you run yourself, or
that the admins of your homeserver run.

Environment: SSLKEYLOGFILE=FILE writes the session secrets to FILE, for Wireshark.
Signals: SIGINT and SIGTERM let requests finish; the second one ends the proxy at once. SIGHUP reads --tls-cert,
--tls-key and --raw-key again, the former two also by themselves when they change; sessions go on.
Exit codes: 0 stopped, 1 error, 2 wrong command line.`;

/**
 * Reads the command line.
 *
 * @returns the settings, or a text to print (`--help`, `--version`)
 * @throws UsageError
 */
export function readCommandLine(argv: readonly string[], version: string): ProxySettings | string {
  const parsed = parseCommandLine(argv, {
    name: 'lb-proxy',
    version,
    usage: 'lb-proxy --local URL [options]\n\nLow-bandwidth Matrix (MSC3079) in front of a homeserver.',
    flags: FLAGS,
    epilogue: EPILOGUE,
  });
  if (parsed.print !== undefined) return parsed.print;
  const { flags, operands } = parsed;
  if (operands.length > 0) throw new UsageError(`unexpected argument '${operands[0]}'`);
  if (!flags.local) {
    throw new UsageError('--local is missing: the homeserver to forward to, such as --local http://localhost:8008');
  }
  const homeserver = parseHomeserver(flags.local);
  return {
    homeserver,
    local: flags.local,
    certificateFiles: certificateFiles(flags['tls-cert'], flags['tls-key']),
    rawKeyFile: flags['raw-key'] || undefined,
    nextRawKeyPin: pin(flags['next-raw-key-pin']),
    advertise: flags.advertise
      ? { text: flags.advertise, url: parseHttpUrl(flags.advertise, '--advertise') }
      : undefined,
    bind: parseBindAddress(flags['dtls-bind-addr']),
    bindText: flags['dtls-bind-addr'],
    pathPrefix: flags['enum-prefix'],
    mtu: within(flags.mtu, '--mtu', 128, 65_535),
    ackDelay: within(flags['ack-delay'], '--ack-delay', 0, 60_000),
    forwardClientAddress: flags['forwarded-for'] ?? homeserver.isPrivate,
    compression: readCompression(flags),
    logLevel: flags['log-level'],
    logFormat: flags['log-format'],
  };
}

function certificateFiles(certificate: string | undefined, key: string | undefined): ProxySettings['certificateFiles'] {
  if (!certificate && !key) return undefined;
  if (!certificate || !key) throw new UsageError('--tls-cert and --tls-key go together');
  return { certificate, key };
}

function pin(text: string | undefined): string | undefined {
  if (!text || isPublicKeyPin(text)) return text || undefined;
  throw new UsageError(`--next-raw-key-pin is sha256/ and 32 bytes in base64, not '${text}'`);
}

function within(value: number, flag: string, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`${flag} is a whole number from ${least} to ${most}, not ${value}`);
  }
  return value;
}

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
import type { Trims } from '@lb-matrix/lb-client';
import { readEnvironment } from './environment.ts';
import { type HomeserverAddress, parseHomeserverAddress } from './homeserver-address.ts';
import { isLoopback } from './loopback.ts';

/** What a command line and the environment ask for. */
export interface ClientProxySettings {
  readonly homeserver: HomeserverAddress;
  readonly bind: BindAddress;
  /** Names besides those of loopback that a Host header may have, in lower case. */
  readonly allowedHosts: readonly string[];
  /** Accept any certificate of the low-bandwidth server. */
  readonly insecure: boolean;
  /** A PEM file of certificates to trust instead of Node's. */
  readonly cacert: string | undefined;
  /** Pins of the low-bandwidth server's public key, in place of certificates. */
  readonly pins: readonly string[] | undefined;
  /** Have /sync pushed. */
  readonly observe: boolean;
  /** What clients do without. */
  readonly trims: Trims;
  readonly compression: CompressionChoice;
  /** Milliseconds of silence before a keep-alive; `undefined` leaves it to lb-client. */
  readonly keepAlive: number | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat | undefined;
  /** What the user should know, for the log. */
  readonly warnings: readonly string[];
}

const FLAGS = {
  homeserver: {
    type: 'string',
    describe: 'The homeserver: matrix.example.org, https://host:port, or HOST:PORT of its low-bandwidth server',
  },
  server: {
    type: 'string',
    describe: 'HOST:PORT of the low-bandwidth server (UDP); by default /versions of the homeserver names it',
  },
  'http-bind-addr': {
    type: 'string',
    default: '127.0.0.1:8008',
    describe: 'TCP address to listen on; :PORT is 127.0.0.1:PORT',
  },
  'danger-listen-all': {
    type: 'boolean',
    describe: 'DANGER: listen on other addresses than loopback, in the clear, for everybody who can reach them',
  },
  'allow-host': {
    type: 'string',
    array: true,
    describe: 'A further name that clients may call us by; may be repeated',
  },
  insecure: {
    type: 'boolean',
    alias: 'k',
    describe: 'DANGER: accept any certificate over UDP; whoever is on the way can read and change everything',
  },
  cacert: { type: 'string', describe: 'PEM file of certificates to trust over UDP (default: those that Node ships)' },
  pin: {
    type: 'string',
    array: true,
    describe: "sha256/BASE64, hash of the server's public key over UDP, in place of a certificate; may be repeated",
  },
  observe: { type: 'boolean', describe: 'Have /sync pushed; -observe=false polls. Default: true' },
  trim: {
    type: 'string',
    array: true,
    choices: ['typing', 'receipts', 'presence'],
    describe: 'Have the homeserver leave it out of /sync: clients do not see it any more; may be repeated',
  },
  ...COMPRESSION_FLAGS,
  ...LOG_FLAGS,
} as const satisfies Record<string, CommandFlag>;

const EPILOGUE = `Examples:
  lb-client-proxy --homeserver matrix.example.org
  lb-client-proxy --homeserver http://localhost:8008 --server localhost:8448 --http-bind-addr :8009 -k

Then give your Matrix client http://127.0.0.1:8008 as its homeserver. How it goes: http://127.0.0.1:8008/_lb/

Environment, as in the original (flags go first):
  LB_INSECURE_SKIP_VERIFY=1       as -k
  LB_OBSERVE_ENABLED=0            as -observe=false
  LB_KEEP_ALIVE_TIMEOUT_SECS=N    seconds of silence before the first keep-alive on a network (default 25)
  Other LB_* variables of the original have no meaning here; the log says so.
SSLKEYLOGFILE=FILE writes the session secrets to FILE, for Wireshark. HTTPS trusts what NODE_EXTRA_CA_CERTS adds.
Signals: SIGINT and SIGTERM let requests finish; the second one ends the proxy at once.
Exit codes: 0 stopped, 1 error, 2 wrong command line.`;

/**
 * Reads the command line and the environment.
 *
 * @returns the settings, or a text to print (`--help`, `--version`)
 * @throws UsageError
 */
export function readCommandLine(
  argv: readonly string[],
  version: string,
  env: NodeJS.ProcessEnv = {},
): ClientProxySettings | string {
  const parsed = parseCommandLine(argv, {
    name: 'lb-client-proxy',
    version,
    usage:
      'lb-client-proxy --homeserver ADDRESS [options]\n\nHTTP for a Matrix client on a local port, low-bandwidth Matrix (MSC3079) to the homeserver.',
    flags: FLAGS,
    epilogue: EPILOGUE,
  });
  if (parsed.print !== undefined) return parsed.print;
  const { flags, operands } = parsed;
  if (operands.length > 0) throw new UsageError(`unexpected argument '${operands[0]}'`);
  if (!flags.homeserver) {
    throw new UsageError('--homeserver is missing: where to forward to, such as --homeserver matrix.example.org');
  }
  const environment = readEnvironment(env);
  const pins = checkedPins(flags.pin);
  const insecure = flags.insecure ?? (pins === undefined ? environment.insecure : undefined) ?? false;
  if (flags.insecure && flags.cacert !== undefined) throw new UsageError('-k and --cacert exclude each other');
  if (pins !== undefined && (flags.insecure || flags.cacert !== undefined)) {
    throw new UsageError(`--pin and ${flags.insecure ? '-k' : '--cacert'} exclude each other`);
  }
  const homeserver = parseHomeserverAddress(flags.homeserver, flags.server);
  const bind = bindAddress(flags['http-bind-addr'], flags['danger-listen-all'] ?? false);
  return {
    homeserver,
    bind,
    allowedHosts: (flags['allow-host'] ?? []).map((name) => name.toLowerCase()),
    insecure,
    cacert: flags.cacert,
    pins,
    observe: flags.observe ?? environment.observe ?? true,
    trims: Object.fromEntries((flags.trim ?? []).map((what) => [what, true])),
    compression: readCompression(flags),
    keepAlive: environment.keepAlive,
    logLevel: flags['log-level'],
    logFormat: flags['log-format'],
    warnings: [
      ...environment.ignored,
      ...(insecure ? ['Certificates are not verified over UDP: whoever is on the way can read everything (-k)'] : []),
      ...clearTextWarning(homeserver.origin),
      ...(bind.host !== undefined && isLoopback(bind.host) ? [] : [LISTENS_TO_ALL]),
    ],
  };
}

function checkedPins(pins: readonly string[] | undefined): readonly string[] | undefined {
  const wrong = pins?.find((pin) => !isPublicKeyPin(pin));
  if (wrong === undefined) return pins;
  throw new UsageError(`--pin is sha256/ and 32 bytes in base64, as lb-proxy says it at its start, not '${wrong}'`);
}

/** What listens without being told an address listens on loopback. */
function bindAddress(text: string, listenAll: boolean): BindAddress {
  const { host, port } = parseBindAddress(text);
  if (listenAll) return { host, port };
  if (host !== undefined && !isLoopback(host)) {
    throw new UsageError(`--http-bind-addr ${text} can be reached from elsewhere: that needs --danger-listen-all`);
  }
  return { host: host ?? '127.0.0.1', port };
}

const LISTENS_TO_ALL =
  'This port can be reached from elsewhere, in plain HTTP: whoever is on the way can read everything (--danger-listen-all)';

function clearTextWarning(origin: string): string[] {
  const { protocol, hostname } = new URL(origin);
  if (protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return [];
  return [`${origin} is not encrypted: what does not go over UDP, access tokens included, can be read on the way`];
}

import { type CommandFlag, type ParsedCommandLine, parseCommandLine, UsageError } from '@lb-matrix/cli-args';
import { type HeaderField, parseHeaderField } from './header-field.ts';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

/** What the user asked for. */
export interface Command {
  readonly url: string;
  readonly method: Method;
  /** In the order of the command line; those without a value are left out. */
  readonly headers: readonly HeaderField[];
  /** A literal, `@file` or `-`: the body as it goes out. */
  readonly data: string | undefined;
  /** A literal, `@file` or `-`: JSON that goes out as CBOR; the answer is wanted as JSON. */
  readonly json: string | undefined;
  readonly insecure: boolean;
  /** A PEM file of certificates to trust instead of Node's. */
  readonly cacert: string | undefined;
  /** Trust the system's certificates instead of Node's. */
  readonly caNative: boolean;
  /** Pins of the server's public key, `sha256/…`, in place of certificates to trust. */
  readonly pins: readonly string[] | undefined;
  /** `IDENTITY:HEX` or `@FILE`. */
  readonly psk: string | undefined;
  /** A PEM file of our certificate. */
  readonly cert: string | undefined;
  /** A PEM file of its key; the certificate's file without it. */
  readonly key: string | undefined;
  /** Names of the cipher suites to offer, in order of preference; all of ours without it. */
  readonly ciphers: readonly string[] | undefined;
  /** Where the answer goes; `-` is stdout. */
  readonly output: string;
  readonly include: boolean;
  /** Go on, and print the resource again whenever it changes. */
  readonly observe: boolean;
  readonly verbose: boolean;
  /** Milliseconds. */
  readonly maxTime: number | undefined;
  /** The largest IP packet to send, in bytes. */
  readonly mtu: number | undefined;
}

/** Room for a DTLS handshake in fragments of some size, and the longest IP packet. */
const MIN_MTU = 128;
const MAX_MTU = 65_535;

/** What Node's timers can wait for. */
const MAX_SECONDS = 2_147_483;

const FLAGS = {
  request: { type: 'string', alias: 'X', describe: 'Method: GET, POST, PUT or DELETE (default GET, with a body POST)' },
  data: { type: 'string', alias: 'd', describe: 'Body to send as it is: text, @file, or - for stdin' },
  json: { type: 'string', describe: 'JSON to send as CBOR (text, @file or -); the answer is printed as JSON' },
  header: {
    type: 'string',
    alias: 'H',
    array: true,
    describe: "Header 'Name: value', repeatable; Authorization, Content-Type and Accept are carried",
  },
  include: { type: 'boolean', alias: 'i', describe: 'Print status and headers before the body' },
  observe: { type: 'boolean', describe: 'Print the resource now, and again whenever it changes, until Ctrl-C' },
  output: { type: 'string', alias: 'o', describe: 'Write the answer to this file instead of stdout' },
  verbose: {
    type: 'boolean',
    alias: 'v',
    describe: 'Tell on stderr what happens: headers, timing, bytes, round trips',
  },
  insecure: {
    type: 'boolean',
    alias: 'k',
    describe: 'DANGER: accept any certificate; whoever is on the way can read and change everything',
  },
  cacert: { type: 'string', describe: 'PEM file of certificates to trust (default: those that Node ships)' },
  'ca-native': { type: 'boolean', describe: 'Trust the certificates of this system' },
  pin: {
    type: 'string',
    array: true,
    describe: "sha256/BASE64, hash of the server's public key, which then counts in place of a certificate; repeatable",
  },
  psk: { type: 'string', describe: 'IDENTITY:HEX, a key shared with the server; @FILE keeps it from other users' },
  cert: { type: 'string', describe: 'PEM file of our certificate, for a server that asks for one' },
  key: { type: 'string', describe: 'PEM file of its private key (default: the file of --cert)' },
  ciphers: { type: 'string', describe: 'Cipher suites to offer, by their IANA names, comma-separated' },
  'max-time': { type: 'number', describe: 'Give up after this many seconds' },
  mtu: { type: 'number', describe: 'Largest IP packet to send, in bytes (default 1280)' },
} as const satisfies Record<string, CommandFlag>;

const USAGE = `coap [options] URL

Sends one request and prints the answer's body as it came: CBOR from a Matrix server, so pipe it into jc.
coap:// is plain CoAP over UDP; coaps://, http:// and https:// are CoAP over DTLS. Ports 5683, 5684, 80, 443.`;

const EPILOGUE = `Exit codes:
   0  the answer is 2xx
   1  the answer is an HTTP error; its body is printed
   2  the command line is wrong, or a file that it names cannot be used
   6  the host name does not resolve
   7  no connection (refused, unreachable), or it broke
  28  time-out
  35  the DTLS handshake failed
  60  the certificate does not verify, or the key has no such pin: see --cacert, --pin and -k

Environment:
  SSLKEYLOGFILE  append session secrets to this file, for Wireshark
  SSL_CERT_FILE  where --ca-native finds the certificates

Examples:
  coap -k https://localhost:8008/_matrix/client/versions | jc -c2j -
  coap -X POST -d '{}' -k https://localhost:8008/_matrix/client/v3/register
  echo '{}' | coap -X POST -d - -k https://localhost:8008/_matrix/client/v3/register
  coap -X POST -d @empty.json -k https://localhost:8008/_matrix/client/v3/register
  coap --json '{}' -k https://localhost:8008/_matrix/client/v3/register
  coap --observe coap://192.0.2.7/sensors/temperature`;

/**
 * Reads the command line.
 *
 * @param argv - the arguments after the program's name
 * @returns the command, or a text to print (`--help`, `--version`)
 * @throws UsageError
 */
export function readCommand(argv: readonly string[], version: string): Command | { readonly print: string } {
  const parsed = parseCommandLine(argv, { name: 'coap', version, usage: USAGE, flags: FLAGS, epilogue: EPILOGUE });
  if (parsed.print !== undefined) return { print: parsed.print };
  const { flags, operands } = parsed;
  if (operands.length === 0) throw new UsageError('no URL');
  if (operands.length > 1) throw new UsageError(`one URL, not ${operands.length}: ${operands.join(' ')}`);
  if (flags.data !== undefined && flags.json !== undefined) throw new UsageError('-d and --json exclude each other');
  if (flags.insecure && flags.cacert !== undefined) throw new UsageError('-k and --cacert exclude each other');
  if (flags.insecure && flags['ca-native']) throw new UsageError('-k and --ca-native exclude each other');
  refuseBesidePins(flags);
  if (flags.psk !== undefined && flags.cert !== undefined) throw new UsageError('--psk and --cert exclude each other');
  if (flags.key !== undefined && flags.cert === undefined) throw new UsageError('--key goes with --cert');
  if (flags.observe && method(flags) !== 'GET') throw new UsageError('--observe is for GET only');

  return {
    url: operands[0]!,
    method: method(flags),
    headers: (flags.header ?? []).map(parseHeaderField).filter(([, value]) => value !== ''),
    data: flags.data,
    json: flags.json,
    insecure: flags.insecure ?? false,
    cacert: flags.cacert,
    caNative: flags['ca-native'] ?? false,
    pins: flags.pin,
    psk: flags.psk,
    cert: flags.cert,
    key: flags.key,
    ciphers: flags.ciphers?.split(/[,:]/),
    output: flags.output ?? '-',
    include: flags.include ?? false,
    observe: flags.observe ?? false,
    verbose: flags.verbose ?? false,
    maxTime: milliseconds(flags['max-time']),
    mtu: packetSize(flags.mtu),
  };
}

type Flags = Extract<ParsedCommandLine<typeof FLAGS>, { readonly print?: undefined }>['flags'];

/** Pins say on their own who the server is. */
function refuseBesidePins({ pin, insecure, cacert, 'ca-native': caNative, psk }: Flags): void {
  if (pin === undefined) return;
  const other = insecure ? '-k' : cacert !== undefined ? '--cacert' : caNative ? '--ca-native' : psk && '--psk';
  if (other) throw new UsageError(`--pin and ${other} exclude each other`);
}

function method({ request, data, json, observe }: Flags): Method {
  if (request === undefined) return observe || (data === undefined && json === undefined) ? 'GET' : 'POST';
  const known = METHODS.find((each) => each === request.toUpperCase());
  if (known === undefined) throw new UsageError(`${request} is not sent over CoAP here: use ${METHODS.join(', ')}`);
  return known;
}

function milliseconds(seconds: number | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
    throw new UsageError(`--max-time takes seconds above 0 and up to ${MAX_SECONDS}, not ${seconds}`);
  }
  return seconds * 1000;
}

function packetSize(mtu: number | undefined): number | undefined {
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= MAX_MTU)) {
    throw new UsageError(`--mtu takes whole bytes from ${MIN_MTU} to ${MAX_MTU}, not ${mtu}`);
  }
  return mtu;
}

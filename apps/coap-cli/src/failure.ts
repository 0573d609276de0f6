import { CliError, UsageError } from '@lb-matrix/cli-args';
import { ExitCode } from './exit-code.ts';
import type { Location } from './location.ts';

/** What a failure is told with. */
export interface FailureContext extends Pick<Location, 'host' | 'port'> {
  /** The handshake was one with a pre-shared key. */
  readonly psk: boolean;
  /** Milliseconds, when `--max-time` has run out. */
  readonly expired: number | undefined;
}

/** The fields of Node's, the transport's and the endpoint's errors that decide. All three have stable codes. */
interface CodedError {
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** What a failed connection or request means: one line that says what to do, and its exit code. Other errors pass. */
export function asCliError(error: unknown, context: FailureContext): unknown {
  if (error instanceof CliError) return error;
  const { host, port, psk, expired } = context;
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (expired !== undefined) return timeOut(`no answer from ${where} within ${expired / 1000} s (--max-time)`, error);

  const { code, reason, syscall, message, cause } = (error ?? {}) as CodedError;
  if (syscall === 'getaddrinfo') {
    return new CliError(`cannot resolve ${host}: check the name, or the network (${code})`, ExitCode.Dns, {
      cause: error,
    });
  }
  switch (code) {
    case 'ECONNREFUSED':
      return connection(
        `nobody listens on ${where} (connection refused): check the port, and that the server runs`,
        error,
      );
    case 'ERR_DTLS_TIMEOUT':
      // DTLS drops what does not decrypt, so a wrong key is silence.
      return timeOut(
        `no answer to the DTLS handshake from ${where}: check address, port and firewall (UDP)${psk ? ', and the key of --psk' : ''}`,
        error,
      );
    case 'ERR_DTLS_CERTIFICATE': {
      if (reason === 'pin-mismatch') {
        return new CliError(`${where} is not the server of --pin: ${message}`, ExitCode.Certificate, { cause: error });
      }
      const advice = 'trust its issuer with --cacert FILE, or skip the check with -k';
      return new CliError(`the certificate of ${where} does not verify: ${message} (${advice})`, ExitCode.Certificate, {
        cause: error,
      });
    }
    case 'ERR_DTLS_ALERT':
    case 'ERR_DTLS_PEER':
    case 'ERR_DTLS_MALFORMED':
      return new CliError(`the DTLS handshake with ${where} failed: ${message}`, ExitCode.Handshake, { cause: error });
    case 'timed_out':
      return timeOut(`no answer from ${where}: ${message}`, error);
    case 'closed': {
      const { code: why, syscall: failed } = (cause ?? {}) as CodedError;
      // RFC 8446 2: in DTLS 1.3 a server refuses our certificate when the handshake is over for us.
      if (why === 'ERR_DTLS_ALERT') return asCliError(cause, context);
      return failed === undefined
        ? connection(`${where} closed the connection${cause instanceof Error ? `: ${cause.message}` : ''}`, error)
        : asCliError(cause, context);
    }
    case 'reset':
      return connection(`${where} rejected the request (CoAP Reset): is it a CoAP server?`, error);
    case 'misbehaved':
      return connection(`${where} broke the protocol: ${message}`, error);
    case 'refused':
      return new UsageError(`the request cannot be sent: ${message}`);
    case 'ERR_DTLS_REFUSED':
      return reason === 'bad-option' ? new UsageError(`${message}`) : connection(`${where}: ${message}`, error);
    default:
      // Node's network errors: EHOSTUNREACH, ENETUNREACH, EACCES, ...
      return syscall === undefined ? error : connection(`cannot reach ${where}: ${message}`, error);
  }
}

function connection(message: string, cause: unknown): CliError {
  return new CliError(message, ExitCode.Connection, { cause });
}

function timeOut(message: string, cause: unknown): CliError {
  return new CliError(message, ExitCode.TimeOut, { cause });
}

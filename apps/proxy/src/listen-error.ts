import { CliError } from '@lb-matrix/cli-args';

/** What it means that a socket cannot be bound, and what to do about it. */
export function listenError(error: unknown, address: string, protocol: 'udp' | 'tcp'): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const why = REASONS.get(code ?? '');
  if (why === undefined) return error;
  return new CliError(`cannot listen on ${address}/${protocol}: ${why}`, 1, { cause: error });
}

const REASONS: ReadonlyMap<string, string> = new Map([
  [
    'EADDRINUSE',
    'the port is taken, perhaps by another lb-proxy; choose another one with --dtls-bind-addr (EADDRINUSE)',
  ],
  ['EACCES', 'ports below 1024 need a privilege; choose another one with --dtls-bind-addr (EACCES)'],
  ['EADDRNOTAVAIL', 'this machine has no such address (EADDRNOTAVAIL)'],
  ['ENOTFOUND', 'there is no such host name (ENOTFOUND)'],
  ['EAI_AGAIN', 'the host name cannot be looked up (EAI_AGAIN)'],
]);

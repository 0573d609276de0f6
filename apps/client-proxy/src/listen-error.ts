import { CliError } from '@lb-matrix/cli-args';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'the port is taken; choose another one with --http-bind-addr (EADDRINUSE)'],
  ['EACCES', 'ports below 1024 need a privilege; choose another one with --http-bind-addr (EACCES)'],
  ['EADDRNOTAVAIL', 'this machine has no such address (EADDRNOTAVAIL)'],
  ['ENOTFOUND', 'there is no such host name (ENOTFOUND)'],
]);

/** What it means that the port cannot be bound, and what to do about it. */
export function listenError(error: unknown, address: string): unknown {
  const why = REASONS.get((error as NodeJS.ErrnoException).code ?? '');
  return why === undefined ? error : new CliError(`cannot listen on ${address}/tcp: ${why}`, 1, { cause: error });
}

import { hostAndPort } from '@lb-matrix/cli-args';
import type { ExchangeRecord } from '@lb-matrix/lb-server';
import type { Logger } from 'pino';

/** Logs one line an exchange; as a warning what the homeserver, or we, have failed at. */
export function exchangeLog(log: Logger): (record: ExchangeRecord) => void {
  return ({ transport, method, path, status, responseBytes, milliseconds, peer, error }) => {
    const fields = {
      method,
      path,
      status,
      bytes: responseBytes,
      ms: Math.round(milliseconds),
      via: transport,
      peer: peer && hostAndPort(peer.address, peer.port),
      error: error instanceof Error ? error.message : undefined,
    };
    log[status >= 500 ? 'warn' : 'info'](fields, `${method} ${path} - ${status}`);
  };
}

import { hostAndPort } from '@lb-matrix/cli-args';
import type { ObservationRecord } from '@lb-matrix/lb-server';
import type { Logger } from 'pino';

/** Logs when a client begins and ceases to observe, and what it is told in between. */
export function observationLog(log: Logger): (record: ObservationRecord) => void {
  return ({ event, path, peer, bytes, reason }) => {
    const fields = { path, bytes, reason, via: 'coap', peer: hostAndPort(peer.address, peer.port) };
    log.info(fields, `OBSERVE ${path} - ${event}`);
  };
}

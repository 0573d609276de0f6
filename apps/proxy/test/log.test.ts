import type { LogFormat } from '@lb-matrix/cli-args';
import { describe, expect, it } from 'vitest';
import { exchangeLog } from '../src/exchange-log.ts';
import { createLog } from '../src/log.ts';

const EXCHANGE = {
  transport: 'coap',
  method: 'GET',
  path: '/_matrix/client/v3/sync',
  status: 200,
  requestBytes: 0,
  responseBytes: 1180,
  milliseconds: 12.4,
  peer: { address: '::1', port: 43_712 },
} as const;

async function logged(format: LogFormat | undefined, isTTY = false) {
  const lines: string[] = [];
  const log = await createLog('info', format, { isTTY, write: (line) => lines.push(line) });
  return { log, lines };
}

describe('the log', () => {
  it('is text on a terminal, in the manner of the original', async () => {
    const { log, lines } = await logged(undefined, true);
    log.info('Listening for DTLS on :8008 - ACK piggyback period: 200ms');
    exchangeLog(log)(EXCHANGE);
    expect(lines).toEqual([
      'INFO[0000] Listening for DTLS on :8008 - ACK piggyback period: 200ms\n',
      'INFO[0000] GET /_matrix/client/v3/sync - 200  bytes=1180 ms=12 via=coap peer=[::1]:43712\n',
    ]);
  });

  it('is JSON elsewhere', async () => {
    const { log, lines } = await logged(undefined);
    exchangeLog(log)(EXCHANGE);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      method: 'GET',
      path: '/_matrix/client/v3/sync',
      status: 200,
      bytes: 1180,
      ms: 12,
      via: 'coap',
      peer: '[::1]:43712',
      msg: 'GET /_matrix/client/v3/sync - 200',
    });
  });

  it('warns of what failed on the homeserver’s side or ours, with the reason', async () => {
    const { log, lines } = await logged('text');
    exchangeLog(log)({ ...EXCHANGE, status: 502, error: new Error('http://localhost:1: connect ECONNREFUSED ::1:1') });
    expect(lines[0]).toMatch(
      /^WARN\[0000] GET .* - 502 .* error="http:\/\/localhost:1: connect ECONNREFUSED ::1:1"\n$/,
    );
  });

  it('cannot be driven by a peer’s bytes: no control characters, no overrides, one line', async () => {
    const { log, lines } = await logged('text');
    log.info({ path: '/a', value: 'x\u001b[31m\n' }, 'a\nb\u009b31m\u202e');
    expect(lines).toEqual(['INFO[0000] a\\u000ab\\u009b31m\\u202e  value="x\\u001b[31m\\n"\n']);
  });
});

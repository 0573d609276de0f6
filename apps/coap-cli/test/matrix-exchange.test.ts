import { Code, ContentFormat, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { expect, test } from 'vitest';
import { type Command, readCommand } from '../src/command.ts';
import { parseLocation } from '../src/location.ts';
import { matrixExchange } from '../src/matrix-exchange.ts';

function exchange(...argv: string[]) {
  const command = readCommand(argv, '') as Command;
  const body = new TextEncoder().encode(command.data ?? command.json ?? '');
  return matrixExchange(command, parseLocation(command.url), body);
}

test.each([
  ['timeout=30000', 30_000],
  ['since=s1&timeout=300000&filter=0', 300_000],
  ['timeout=999999999999', 86_400_000],
  ['xtimeout=5', 0],
  ['timeout=', 0],
  ['timeout=5s', 0],
])('the server may take the time that %s gives it', (query, time) => {
  expect(exchange(`https://h/_matrix/client/v3/sync?${query}`).longPoll).toBe(time);
});

test('an answer that has no JSON form is not lost: it is printed as it came, with a warning', () => {
  const { read } = exchange('--json', '{}', 'https://h/_matrix/client/v3/x');
  const payload = Uint8Array.of(0xa1, 0x61);
  const options = [uintOption(OptionNumber.ContentFormat, ContentFormat.Cbor)];
  expect(read({ code: Code.Changed, options, payload })).toEqual({
    success: true,
    body: payload,
    warning: expect.stringContaining('printed as it came'),
  });
  expect(read({ code: Code.BadGateway, options, payload })).toMatchObject({ success: false, body: payload });
});

test('what is shown of a request is what it carries', () => {
  const { headers, dropped } = exchange(
    ...['--json', '{}', '-H', 'Authorization: Bearer secret', '-H', 'Content-Type: text/plain', '-H', 'Accept: */*'],
    'https://h/_matrix/client/v3/x',
  );
  expect(headers).toEqual([
    ['Authorization', 'Bearer (not shown)'],
    ['Content-Type', 'application/cbor'],
  ]);
  expect(dropped).toEqual(['Content-Type', 'Accept']);
});

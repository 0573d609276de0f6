import type { CoapResponse } from '@lb-matrix/coap-endpoint';
import { responseHeaders, statusLine } from './answer.ts';
import type { Command } from './command.ts';
import { type Connection, openConnection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { asCliError } from './failure.ts';
import type { HeaderField } from './header-field.ts';
import { readRoots } from './input.ts';
import { openKeyLog } from './key-log.ts';
import type { Location } from './location.ts';
import { progressBar } from './progress-bar.ts';

type Say = (line: string) => void;

/**
 * Connects, sends the request and waits for the whole answer. With `-v` stderr is told what happens.
 *
 * @throws CliError
 */
export async function transfer(command: Command, location: Location, exchange: Exchange): Promise<CoapResponse> {
  const { insecure, maxTime, mtu, verbose } = command;
  const { SSLKEYLOGFILE } = process.env;
  const options = {
    mtu,
    insecure,
    roots: await readRoots(command),
    keyLog: SSLKEYLOGFILE ? openKeyLog(SSLKEYLOGFILE) : undefined,
    registry: exchange.registry,
    longPoll: exchange.longPoll,
  };
  const say: Say = verbose ? (line) => process.stderr.write(`${line}\n`) : () => {};
  const deadline = new AbortController();
  const timer = maxTime === undefined ? undefined : setTimeout(() => deadline.abort(), maxTime);
  let connection: Connection | undefined;
  try {
    connection = await openConnection(location, {
      ...options,
      signal: deadline.signal,
      onAttempt: (address) => say(`* trying ${address} port ${location.port}`),
    });
    sayConnection(say, connection);
    sayRequest(say, command, location, exchange);
    const response = await send(say, exchange, connection, deadline.signal);
    sayTraffic(say, connection);
    return response;
  } catch (error) {
    throw asCliError(error, { ...location, expired: deadline.signal.aborted ? maxTime : undefined });
  } finally {
    clearTimeout(timer);
    connection?.client.close();
  }
}

async function send(say: Say, exchange: Exchange, connection: Connection, signal: AbortSignal): Promise<CoapResponse> {
  const { request, registry } = exchange;
  const now = (): number => performance.now();
  const start = now();
  let firstByte: number | undefined;
  const bar = progressBar(process.stderr, request.payload?.length ?? 0, now);
  try {
    const response = await connection.client.request(request, {
      signal,
      onProgress: (progress) => {
        if (progress.received > 0) firstByte ??= now();
        bar.update(progress);
      },
    });
    const end = now();
    bar.end();
    say(`< ${statusLine(response.code)}`);
    sayHeaders(say, '<', responseHeaders(response.options, registry));
    const { dnsTime, handshakeTime } = connection;
    const before = dnsTime + handshakeTime - start;
    const times = [dnsTime, handshakeTime, before + (firstByte ?? end), before + end].map(
      (ms) => `${ms.toFixed(1)} ms`,
    );
    say(`* time: dns ${times[0]}, handshake ${times[1]}, first byte after ${times[2]}, total ${times[3]}`);
    return response;
  } finally {
    bar.end();
  }
}

function sayConnection(say: Say, { wire }: Connection): void {
  say(`* connected to ${wire.pipe.peer.address}, ${wire.protocol}`);
}

function sayRequest(say: Say, { method }: Command, { target }: Location, { headers, dropped }: Exchange): void {
  for (const name of dropped) say(`* -H ${name}: is not carried over CoAP`);
  say(`> ${method} ${target}`);
  sayHeaders(say, '>', headers);
}

function sayHeaders(say: Say, mark: string, headers: readonly HeaderField[]): void {
  for (const [name, value] of headers) say(`${mark} ${name}: ${value}`);
  say(mark);
}

function sayTraffic(say: Say, { client, wire }: Connection): void {
  const coap = client.stats();
  const below = wire.traffic?.();
  const { datagramsSent, bytesSent, datagramsReceived, bytesReceived, roundTrips } = below ?? coap;
  const retransmissions = coap.retransmissions + (below?.retransmissions ?? 0);
  say(`* datagrams: ${datagramsSent} up, ${datagramsReceived} down; bytes: ${bytesSent} up, ${bytesReceived} down`);
  say(`* round trips: ${roundTrips}; retransmissions: ${retransmissions}`);
}

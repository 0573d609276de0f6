import type { Command } from './command.ts';
import { type Connection, openConnection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { asCliError } from './failure.ts';
import { readIdentity, readRoots } from './input.ts';
import { openKeyLog } from './key-log.ts';
import type { Location } from './location.ts';
import { type Say, sayConnection, sayRequest, sayTraffic } from './verbose.ts';

/** What is done with a connection. `signal` is aborted when `--max-time` is over. */
export type Use<T> = (connection: Connection, say: Say, signal: AbortSignal) => Promise<T>;

/**
 * Connects to the server of a URL, hands the connection over, and closes it. With `-v` stderr is told what happens.
 *
 * @throws CliError
 */
export async function withConnection<T>(
  command: Command,
  location: Location,
  exchange: Exchange,
  use: Use<T>,
): Promise<T> {
  const { insecure, pins, ciphers, maxTime, mtu, verbose } = command;
  const { SSLKEYLOGFILE } = process.env;
  const options = {
    mtu,
    insecure,
    pins,
    ciphers,
    roots: await readRoots(command),
    ...(await readIdentity(command)),
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
    const result = await use(connection, say, deadline.signal);
    sayTraffic(say, connection);
    return result;
  } catch (error) {
    throw asCliError(error, {
      ...location,
      psk: command.psk !== undefined,
      expired: deadline.signal.aborted ? maxTime : undefined,
    });
  } finally {
    clearTimeout(timer);
    connection?.client.close();
  }
}

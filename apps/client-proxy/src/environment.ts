import { UsageError } from '@lb-matrix/cli-args';

/** What the variables of the original say. */
export interface Environment {
  readonly insecure: boolean | undefined;
  readonly observe: boolean | undefined;
  /** Milliseconds of silence before a keep-alive. */
  readonly keepAlive: number | undefined;
  /** Variables that are set and have no effect, each with the reason. */
  readonly ignored: readonly string[];
}

/** The original's variables that have no meaning here, and why. */
const WITHOUT_MEANING: ReadonlyMap<string, string> = new Map([
  ['LB_FLIGHT_INTERVAL_SECS', 'the handshake backs off by RFC 6347'],
  ['LB_HEARTBEAT_TIMEOUT_SECS', 'a silent connection is tested by keep-alives'],
  ['LB_KEEP_ALIVE_MAX_RETRIES', 'the retransmission of RFC 7252 decides when a server is gone'],
  ['LB_TRANSMISSION_NSTART', 'NSTART is 1, as RFC 7252 has it'],
  ['LB_TRANSMISSION_ACK_TIMEOUT_SECS', 'the parameters of RFC 7252 are used'],
  ['LB_TRANSMISSION_MAX_RETRANSMITS', 'the parameters of RFC 7252 are used'],
  ['LB_OBSERVE_BUFFER_SIZE', 'one push is held, and acknowledged when the client asks on'],
  ['LB_OBSERVE_NO_RESPONSE_TIMEOUT_SECS', "a /sync without news is answered after the client's own timeout"],
]);

/** Variables of this project that are none of the original's. */
const USED = ['LB_INSECURE_SKIP_VERIFY', 'LB_OBSERVE_ENABLED', 'LB_KEEP_ALIVE_TIMEOUT_SECS'];

/**
 * Reads the `LB_*` variables. A variable that is empty counts as not set.
 *
 * @throws UsageError for a value that is none
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const set = Object.keys(env).filter((name) => name.startsWith('LB_') && env[name] !== '');
  const seconds = wholeNumber(env, 'LB_KEEP_ALIVE_TIMEOUT_SECS');
  return {
    insecure: truth(env, 'LB_INSECURE_SKIP_VERIFY'),
    observe: truth(env, 'LB_OBSERVE_ENABLED'),
    keepAlive: seconds === undefined ? undefined : seconds * 1000,
    ignored: set
      .filter((name) => !USED.includes(name))
      .sort()
      .map((name) => `${name} has no effect: ${WITHOUT_MEANING.get(name) ?? 'there is no such variable'}`),
  };
}

function truth(env: NodeJS.ProcessEnv, name: string): boolean | undefined {
  const value = env[name] || undefined;
  if (value === undefined) return undefined;
  if (/^(?:1|true)$/i.test(value)) return true;
  if (/^(?:0|false)$/i.test(value)) return false;
  throw new UsageError(`${name} is 1 or 0, not '${value}'`);
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const value = env[name] || undefined;
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(value)) throw new UsageError(`${name} is a number of seconds, not '${value}'`);
  return Number(value);
}

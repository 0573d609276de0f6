import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isObject, type Json } from '../json.ts';
import { resolvePointer } from './pointer.ts';
import type { Step } from './step.ts';
import { expand, expandJson, type Variables } from './variables.ts';

/** One request, ready to go out. */
export interface ScriptRequest {
  readonly method: string;
  /** Path and query, from `/_matrix/` on, percent-encoded. */
  readonly target: string;
  /** The access token to use, if any. */
  readonly token: string | undefined;
  /** Body text: JSON, except where a step sends broken JSON on purpose. */
  readonly body: string | undefined;
}

/** What came back. */
export interface ScriptResponse {
  /** HTTP status. */
  readonly status: number;
  /** Body, parsed. */
  readonly body: Json;
}

/** How a request gets to the homeserver: fetch, or low bandwidth through a proxy. */
export type SendRequest = (request: ScriptRequest) => Promise<ScriptResponse>;

/** A step and its answer. */
export interface Exchange extends ScriptResponse {
  readonly step: Step;
}

/** What one run of a script saw. */
export interface Transcript {
  /** In the order of the answers. */
  readonly exchanges: readonly Exchange[];
  /** Everything captured; `run` included. */
  readonly variables: Variables;
  /** What was not as the steps expect, a sentence each; empty when all is well. */
  readonly problems: readonly string[];
}

/** Runs the steps one after the other. It never throws: a request that fails is a problem of the transcript like a wrong answer. */
export async function runScript(steps: readonly Step[], send: SendRequest): Promise<Transcript> {
  const variables = new Map([['run', randomBytes(4).toString('hex')]]);
  const exchanges: Exchange[] = [];
  const problems: string[] = [];

  const perform = async (step: Step): Promise<void> => {
    try {
      const answer = send(toRequest(step, variables));
      const [{ status, body }] = await Promise.all([answer, step.meanwhile && perform(step.meanwhile)]);
      exchanges.push({ step, status, body });
      problems.push(...judge(step, { status, body }, variables).map((problem) => `${step.name}: ${problem}`));
      for (const [name, pointer] of Object.entries(step.capture ?? {})) {
        const value = resolvePointer(body, expand(pointer, variables));
        if (typeof value === 'string') variables.set(name, value);
        else problems.push(`${step.name}: no string at ${pointer}, but ${JSON.stringify(value)}`);
      }
    } catch (error) {
      problems.push(`${step.name}: ${String(error)}`);
    }
  };
  for (const step of steps) await perform(step);
  return { exchanges, variables, problems };
}

function toRequest({ request, as, body, rawBody }: Step, variables: Variables): ScriptRequest {
  const [method = '', target = ''] = request.split(' ', 2);
  return {
    method,
    target: `/_matrix/client${expand(target, variables, encodeURIComponent)}`,
    token: as === undefined ? undefined : expand(`{${as}}`, variables),
    body: rawBody ?? (body === undefined ? undefined : JSON.stringify(expandJson(body, variables))),
  };
}

function judge(step: Step, { status, body }: ScriptResponse, variables: Variables): string[] {
  const problems: string[] = [];
  const expect = (what: string, actual: Json | undefined, expected: Json | undefined): void => {
    if (isDeepStrictEqual(actual, expected)) return;
    problems.push(`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
  };
  expect('status', status, step.status ?? 200);
  expect('errcode', isObject(body) ? body.errcode : undefined, step.errcode);
  for (const [pointer, expected] of Object.entries(step.values ?? {})) {
    const wanted = expected === undefined ? undefined : expandJson(expected, variables);
    expect(pointer, resolvePointer(body, expand(pointer, variables)), wanted);
  }
  return problems;
}

import { UsageError } from '@lb-matrix/cli-args';
import { ContentFormat, codeClass, contentFormatOf, mediaTypeOf } from '@lb-matrix/coap-codec';
import { CborError, decodeToJson } from '@lb-matrix/lb-cbor-keys';
import {
  createClientSession,
  MappingError,
  mapperOptionRegistry,
  requestToCoap,
  responseToHttp,
} from '@lb-matrix/msc3079-mapper';
import type { Command } from './command.ts';
import type { Exchange } from './exchange.ts';
import { type HeaderField, lastField } from './header-field.ts';
import { jsonToCbor } from './json-to-cbor.ts';
import type { Location } from './location.ts';

/** A day: nobody polls for longer, and timers can wait for it. */
const LONGEST_POLL = 86_400_000;

/**
 * A request of the Matrix client API as MSC3079 sends it: a path enum where one matches, the token in option 256, and the
 * announcement that every response code is understood.
 *
 * @param body - what `-d` or `--json` stands for; empty for none
 * @throws UsageError for what has no CoAP form
 */
export function matrixExchange(command: Command, { target }: Location, body: Uint8Array): Exchange {
  const { method, json } = command;
  // The mapper converts it too, with integer keys, but its error tells a server's client less than a user wants to know.
  if (json !== undefined && body.length > 0) jsonToCbor(body);
  const session = createClientSession({ transcode: json !== undefined });
  const headers = carriedHeaders(command, body);
  const request = mapped(() => requestToCoap({ method, target, headers, body }, session));
  const names = new Set(headers.map(([name]) => name));
  return {
    request,
    headers: shownHeaders(headers, json !== undefined && body.length > 0),
    dropped: command.headers.map(([name]) => name).filter((name) => !names.has(canonical(name))),
    longPoll: longPollTime(target),
    registry: mapperOptionRegistry,
    read: (response) => {
      try {
        const { status, body } = responseToHttp(response, request, session);
        return { success: status >= 200 && status < 300, body };
      } catch (error) {
        if (!(error instanceof MappingError)) throw error;
        const warning = `the answer has no JSON form and is printed as it came: ${error.message}`;
        return { success: codeClass(response.code) === 2, body: response.payload, warning };
      }
    },
  };
}

/** What `timeout` asks for: /sync waits for so many milliseconds when there is nothing new. */
function longPollTime(target: string): number {
  const milliseconds = Number(/[?&]timeout=(\d+)(?:&|$)/.exec(target)?.[1] ?? 0);
  return Math.min(milliseconds, LONGEST_POLL);
}

/** Authorization, Content-Type and Accept as they go out; of a repeated header the last. */
function carriedHeaders({ headers, json }: Command, body: Uint8Array): HeaderField[] {
  const carried: HeaderField[] = [];
  const authorization = lastField(headers, 'authorization');
  if (authorization !== undefined) carried.push(['Authorization', authorization]);
  if (json !== undefined) return carried;
  if (body.length > 0) carried.push(['Content-Type', lastField(headers, 'content-type') ?? guessType(body)]);
  const accept = lastField(headers, 'accept');
  const format = accept === undefined ? undefined : contentFormatOf(accept);
  if (format === ContentFormat.Json || format === ContentFormat.Cbor) carried.push(['Accept', mediaTypeOf(format)!]);
  return carried;
}

function shownHeaders(headers: readonly HeaderField[], converted: boolean): HeaderField[] {
  const shown = headers.map(
    ([name, value]): HeaderField => [name, name === 'Authorization' ? 'Bearer (not shown)' : value],
  );
  return converted ? [...shown, ['Content-Type', mediaTypeOf(ContentFormat.Cbor)!]] : shown;
}

function guessType(body: Uint8Array): string {
  try {
    decodeToJson(body);
    return mediaTypeOf(ContentFormat.Cbor)!;
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    return mediaTypeOf(ContentFormat.Json)!;
  }
}

/** `content-type` as `Content-Type`. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function mapped<T>(map: () => T): T {
  try {
    return map();
  } catch (error) {
    if (error instanceof MappingError) throw new UsageError(error.message);
    throw error;
  }
}

import { UsageError } from '@lb-matrix/cli-args';
import {
  CoapError,
  type CoapOption,
  Code,
  ContentFormat,
  codeClass,
  contentFormatOf,
  OptionNumber,
  optionRegistry,
  uintOption,
  uintValue,
  uriToOptions,
} from '@lb-matrix/coap-codec';
import type { CoapResponse } from '@lb-matrix/coap-endpoint';
import { CborError, decodeToJson, type KeyTable } from '@lb-matrix/lb-cbor-keys';
import type { Answer } from './answer.ts';
import type { Command } from './command.ts';
import type { Exchange } from './exchange.ts';
import { type HeaderField, lastField } from './header-field.ts';
import { jsonToCbor } from './json-to-cbor.ts';
import type { Location } from './location.ts';

/** Integer keys have their Matrix names only under Matrix. */
const NO_KEYS: KeyTable = { version: 0, integers: new Map(), names: new Map() };

/**
 * A request to any CoAP server, as RFC 7252 section 6.4 makes it from a URI: nothing of MSC3079 in it, and no format but
 * what the user names.
 *
 * @param body - what `-d` or `--json` stands for; empty for none
 * @throws UsageError for what has no CoAP form
 */
export function plainExchange(command: Command, { uri }: Location, body: Uint8Array): Exchange {
  const { method, json } = command;
  const headers = carriedHeaders(command, body);
  const names = headers.map(([name]) => name.toLowerCase());
  return {
    request: {
      code: Code[method],
      options: [...uriOptions(uri), ...headers.map(formatOption)],
      payload: json === undefined || body.length === 0 ? body : jsonToCbor(body),
    },
    headers,
    dropped: command.headers.map(([name]) => name).filter((name) => !names.includes(name.toLowerCase())),
    longPoll: 0,
    registry: optionRegistry,
    read: (response) => (json === undefined ? asItCame(response) : asJson(response)),
  };
}

function carriedHeaders({ headers, json }: Command, body: Uint8Array): HeaderField[] {
  const cbor = json === undefined ? undefined : 'application/cbor';
  const carried: HeaderField[] = [];
  const type = cbor ?? lastField(headers, 'content-type');
  if (type !== undefined && body.length > 0) carried.push(['Content-Type', type]);
  const accept = cbor ?? lastField(headers, 'accept');
  if (accept !== undefined) carried.push(['Accept', accept]);
  return carried;
}

function formatOption([name, type]: HeaderField): CoapOption {
  const format = contentFormatOf(type);
  if (format === undefined) throw new UsageError(`${name}: ${type} has no number among CoAP's Content-Formats`);
  return uintOption(name === 'Accept' ? OptionNumber.Accept : OptionNumber.ContentFormat, format);
}

function uriOptions(uri: string): readonly CoapOption[] {
  try {
    return uriToOptions(uri).options;
  } catch (error) {
    if (error instanceof CoapError) throw new UsageError(error.message);
    throw error;
  }
}

function asItCame({ code, payload }: CoapResponse): Answer {
  return { success: codeClass(code) === 2, body: payload };
}

function asJson(response: CoapResponse): Answer {
  const answer = asItCame(response);
  const format = uintValue(response.options, OptionNumber.ContentFormat);
  if (format === ContentFormat.Json || response.payload.length === 0) return answer;
  try {
    if (format === ContentFormat.Cbor) return { ...answer, body: decodeToJson(response.payload, { keys: NO_KEYS }) };
    return { ...answer, warning: 'the answer is not CBOR and is printed as it came' };
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    return { ...answer, warning: `the answer has no JSON form and is printed as it came: ${error.message}` };
  }
}

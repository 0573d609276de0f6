import { tryText } from './bytes.ts';
import { CoapError } from './errors.ts';
import type { CoapOption } from './message.ts';
import { OptionNumber } from './option-registry.ts';
import { decodeUint, stringOption } from './option-value.ts';

export type CoapScheme = 'coap' | 'coaps';

/** The default ports of RFC 7252 6.1 and 6.2. */
export const DEFAULT_PORT: Readonly<Record<CoapScheme, number>> = { coap: 5683, coaps: 5684 };

/** A URI taken apart (RFC 7252 6.4). */
export interface CoapTarget {
  readonly scheme: CoapScheme;
  /** Host in lower case, percent-decoded; an IPv6 literal without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Uri-Host (unless the host is an IP literal), Uri-Path and Uri-Query; never Uri-Port: the request goes to `port`. */
  readonly options: readonly CoapOption[];
}

/**
 * A `coap:` or `coaps:` URI as options (RFC 7252 6.4). Percent-encoding is undone segment by segment, so `%2F` stays
 * inside its segment. Throws `CoapError` (`invalid_uri`) and says what is wrong.
 */
export function uriToOptions(uri: string): CoapTarget {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(uri);
  if (match === null) throw invalid(uri, 'write it as coap://host/path');
  const scheme = match[1]!.toLowerCase();
  if (scheme !== 'coap' && scheme !== 'coaps') throw invalid(uri, `the scheme is ${scheme}, not coap or coaps`);
  if (match[5] !== undefined) throw invalid(uri, 'a fragment has no place in a request');
  const { host, literal, port } = splitAuthority(uri, match[2]!, DEFAULT_PORT[scheme]);

  const options: CoapOption[] = [];
  if (!literal) options.push(component(uri, OptionNumber.UriHost, host));
  const path = match[3]!;
  // 6.4 step 8: no path and "/" are the same request, without any Uri-Path.
  if (path !== '' && path !== '/') {
    for (const segment of removeDotSegments(path.slice(1).split('/'))) {
      options.push(component(uri, OptionNumber.UriPath, decodePercent(uri, segment)));
    }
  }
  if (match[4] !== undefined) {
    for (const argument of match[4].slice(1).split('&')) {
      options.push(component(uri, OptionNumber.UriQuery, decodePercent(uri, argument)));
    }
  }
  return { scheme, host, port, options };
}

/**
 * Options as a URI (RFC 7252 6.5): Uri-Host and Uri-Port where they stand, `host` and `port` of the request else.
 * Throws `CoapError` (`invalid_uri`) when a value is not UTF-8.
 */
export function optionsToUri(
  options: readonly CoapOption[],
  target: { readonly scheme: CoapScheme; readonly host: string; readonly port: number },
): string {
  let { host, port } = target;
  let named = false;
  let path = '';
  let query = '';
  for (const { number, value } of options) {
    if (number === OptionNumber.UriPort) {
      port = decodeUint(value) ?? port;
      continue;
    }
    if (number !== OptionNumber.UriHost && number !== OptionNumber.UriPath && number !== OptionNumber.UriQuery)
      continue;
    const text = tryText(value);
    if (text === undefined) throw new CoapError('invalid_uri', `option ${number} is not UTF-8`);
    if (number === OptionNumber.UriHost) {
      host = text;
      named = true;
    } else if (number === OptionNumber.UriPath) path += `/${encodePercent(text, PATH_UNSAFE)}`;
    else query += `${query === '' ? '?' : '&'}${encodePercent(text, QUERY_UNSAFE)}`;
  }
  const shown = host.includes(':') ? `[${host}]` : named ? encodePercent(host, HOST_UNSAFE) : host;
  const authority = port === DEFAULT_PORT[target.scheme] ? shown : `${shown}:${port}`;
  return `${target.scheme}://${authority}${path === '' ? '/' : path}${query}`;
}

interface Authority {
  readonly host: string;
  readonly literal: boolean;
  readonly port: number;
}

function splitAuthority(uri: string, authority: string, defaultPort: number): Authority {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^@:[\]]+))(?::(\d*))?$/i.exec(authority);
  if (match === null) {
    throw invalid(
      uri,
      authority.includes('@') ? 'user information has no place in it' : 'the host is missing or wrong',
    );
  }
  // 6.2: an empty port is the default one.
  const port = match[3] === undefined || match[3] === '' ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65_535) throw invalid(uri, `${match[3]} is not a port`);
  const ipv6 = match[1];
  if (ipv6 !== undefined) {
    if (!URL.canParse(`http://[${ipv6}]/`)) throw invalid(uri, `${ipv6} is not an IPv6 address`);
    return { host: ipv6.toLowerCase(), literal: true, port };
  }
  const host = decodePercent(uri, match[2]!).toLowerCase();
  return { host, literal: isIPv4(host), port };
}

function isIPv4(host: string): boolean {
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

/** RFC 3986 5.2.4 over segments: `.` and `..` are resolved before anything is decoded (RFC 7252 6.4 step 2). */
function removeDotSegments(segments: readonly string[]): string[] {
  const out: string[] = [];
  segments.forEach((segment, i) => {
    const dots = segment.replace(/%2e/gi, '.');
    if (dots !== '.' && dots !== '..') {
      out.push(segment);
      return;
    }
    if (dots === '..') out.pop();
    // A dot segment at the end leaves a path that ends in "/".
    if (i === segments.length - 1) out.push('');
  });
  return out;
}

function component(uri: string, number: number, text: string): CoapOption {
  const option = stringOption(number, text);
  if (option.value.length > 255) throw invalid(uri, `a part of ${option.value.length} bytes; the most is 255`);
  return option;
}

function decodePercent(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(uri, `"${text}" is not percent-encoded UTF-8`);
  }
}

// What RFC 3986 does not let stand in a segment, in an argument of a query ("&" parts them), and in a registered name.
const PATH_UNSAFE = /[^A-Za-z0-9\-._~!$&'()*+,;=:@]/gu;
const QUERY_UNSAFE = /[^A-Za-z0-9\-._~!$'()*+,;=:@/?]/gu;
const HOST_UNSAFE = /[^A-Za-z0-9\-._~!$&'()*+,;=]/gu;

function encodePercent(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (char) => encodeURIComponent(char));
}

function invalid(uri: string, why: string): CoapError {
  return new CoapError('invalid_uri', `"${uri}" is not a CoAP URI: ${why}`);
}

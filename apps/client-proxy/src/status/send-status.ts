import type { Exchange } from '../exchange.ts';
import { STATUS_PAGE, STATUS_SCRIPT, STATUS_STYLE } from './page.ts';
import type { Status } from './status.ts';

/** Whether a path belongs to the status page. */
export function isStatusPath(path: string): boolean {
  return path === '/_lb' || path.startsWith('/_lb/');
}

/**
 * What keeps the page to itself: nothing is loaded from elsewhere, nobody frames it, nobody else's script reads it. There is no CORS header
 * on purpose.
 */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers a request for the status page or a part of it. */
export function sendStatus(exchange: Exchange, status: Status): void {
  const { outgoing, method } = exchange;
  const { status: code, type, body, headers } = answerTo(exchange, status);
  const length = { 'content-length': Buffer.byteLength(body) };
  outgoing.writeHead(code, { ...HEADERS, 'content-type': `${type}; charset=utf-8`, ...length, ...headers });
  outgoing.end(method === 'HEAD' ? undefined : body);
}

function answerTo({ incoming, method, path }: Exchange, status: Status): Answer {
  if (!isOwnOrNoSite(incoming.headers['sec-fetch-site'])) return text(403, 'Not from another site');
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'GET only', { allow: 'GET, HEAD', connection: 'close' });
  switch (path) {
    case '/_lb':
      return text(308, 'See /_lb/', { location: '/_lb/' });
    case '/_lb/':
      return { status: 200, type: 'text/html', body: STATUS_PAGE };
    case '/_lb/status.js':
      return { status: 200, type: 'text/javascript', body: STATUS_SCRIPT };
    case '/_lb/status.css':
      return { status: 200, type: 'text/css', body: STATUS_STYLE };
    case '/_lb/status.json':
      return { status: 200, type: 'application/json', body: JSON.stringify(status.report()) };
    default:
      return text(404, 'There is no such page');
  }
}

function text(status: number, line: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: 'text/plain', body: `${line}\n`, headers };
}

/**
 * Fetch Metadata: `same-site` is another port of this machine as well, and so not us. Without the header it is no browser, or an old one,
 * which still cannot read the answer from another origin.
 */
function isOwnOrNoSite(site: string | string[] | undefined): boolean {
  return site === undefined || site === 'same-origin' || site === 'none';
}

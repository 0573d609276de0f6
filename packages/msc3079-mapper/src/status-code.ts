import { Code } from '@lb-matrix/coap-codec';

/** Statuses with a CoAP code of the same meaning and number (RFC 7252 12.1.2, RFC 8132, RFC 8516, RFC 8768). */
const SAME: ReadonlyMap<number, number> = new Map([
  [201, Code.Created],
  [204, Code.Changed],
  [304, Code.Valid],
  [400, Code.BadRequest],
  [401, Code.Unauthorized],
  [403, Code.Forbidden],
  [404, Code.NotFound],
  [405, Code.MethodNotAllowed],
  [406, Code.NotAcceptable],
  [409, Code.Conflict],
  [412, Code.PreconditionFailed],
  [413, Code.RequestEntityTooLarge],
  [415, Code.UnsupportedContentFormat],
  [429, Code.TooManyRequests],
  [500, Code.InternalServerError],
  [501, Code.NotImplemented],
  [502, Code.BadGateway],
  [503, Code.ServiceUnavailable],
  [504, Code.GatewayTimeout],
  // RFC 8768 5
  [508, Code.HopLimitReached],
]);

/** The statuses that existing clients have a code for; any other code is a failure of the exchange to them. */
const UNDERSTOOD: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 413, 500, 502, 504]);

/**
 * The code for an HTTP status to a client that understands all codes. `safe` (GET, FETCH) tells 2.05 from 2.04 (RFC 7252 5.9.1).
 * `undefined` for a status that is no answer CoAP could carry: 1xx, redirects, 600 and above.
 */
export function exactCode(status: number, safe: boolean): number | undefined {
  const same = SAME.get(status);
  if (same !== undefined) return same;
  switch (Math.floor(status / 100)) {
    case 2:
      return safe ? Code.Content : Code.Changed;
    case 4:
      return Code.BadRequest;
    case 5:
      return Code.InternalServerError;
    default:
      return undefined;
  }
}

/**
 * The code for an HTTP status to a client that did not announce itself: one of the ten that existing clients map. 2.05
 * to PUT and POST departs from RFC 7252 5.9.1.5, for their sake.
 */
export function basicCode(status: number): number | undefined {
  if (UNDERSTOOD.has(status)) return SAME.get(status);
  // They have no 5.03.
  if (status === 503) return Code.BadGateway;
  switch (Math.floor(status / 100)) {
    case 2:
      return Code.Content;
    case 4:
      return Code.BadRequest;
    case 5:
      return Code.InternalServerError;
    default:
      return undefined;
  }
}

/** Codes whose number is not their status. The CoAP layer's own (4.02, 4.08, 5.05) as RFC 8075 section 7 has them. */
const STATUS: ReadonlyMap<number, number> = new Map([
  [Code.Created, 201],
  [Code.Valid, 304],
  [Code.Content, 200],
  [Code.BadOption, 400],
  [Code.RequestEntityIncomplete, 400],
  [Code.ProxyingNotSupported, 502],
]);

/**
 * The HTTP status of a CoAP response code. 2.02 and 2.04 are 200 with a body and 204 without (RFC 8075 section 7, note
 * 2). A code that is not known counts as the generic one of its class (RFC 7252 5.9). `undefined` for what is no final
 * response: 2.31 and the other classes.
 */
export function statusOfCode(code: number, hasBody: boolean): number | undefined {
  const status = STATUS.get(code);
  if (status !== undefined) return status;
  switch (code >> 5) {
    case 2:
      return code === Code.Continue ? undefined : hasBody ? 200 : 204;
    case 4:
    case 5: {
      const sameNumber = (code >> 5) * 100 + (code & 0x1f);
      return SAME.has(sameNumber) ? sameNumber : (code >> 5) * 100;
    }
    default:
      return undefined;
  }
}

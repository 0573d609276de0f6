import { Code, OptionNumber, stringOption, stringValues } from '@lb-matrix/coap-codec';
import type { CoapClient, Handler } from '@lb-matrix/coap-endpoint';
import { seededBytes } from '@lb-matrix/virtual-network';

const AGREEMENT = { transmission: true, qBlock: true };
const SMALL = new Uint8Array(60);

/** So many random bytes, always the same. */
function body(bytes: number): Uint8Array {
  return seededBytes(bytes)(bytes);
}

/** A GET of `/N` is answered with N random bytes, a PUT without any. */
export function bulkHandler(agrees: boolean): Handler {
  const bodies = new Map<number, Uint8Array>();
  return async (request) => {
    if (agrees) request.agree(AGREEMENT);
    if (request.code === Code.PUT) return { code: Code.Changed, options: [], payload: new Uint8Array() };
    const bytes = Number(stringValues(request.options, OptionNumber.UriPath)?.[0]);
    const payload = bodies.get(bytes) ?? body(bytes);
    bodies.set(bytes, payload);
    return { code: Code.Content, options: [], payload };
  };
}

/** What is asked of `bulkHandler`. */
export interface BulkClient {
  /** Resolves with the milliseconds that so many bytes took. Throws when others arrive. */
  download(bytes: number): Promise<number>;
  /** A request of 60 bytes that gets an answer without a body; likewise. */
  ask(): Promise<number>;
}

export function bulkClient(client: CoapClient, agrees: boolean, now: () => number): BulkClient {
  if (agrees) client.agree(AGREEMENT);
  return {
    async download(bytes) {
      const begin = now();
      const options = [stringOption(OptionNumber.UriPath, String(bytes))];
      const { code, payload } = await client.request({ code: Code.GET, options });
      const took = now() - begin;
      const expected = body(bytes);
      if (payload.length !== bytes || payload.some((byte, at) => byte !== expected[at])) {
        throw new Error(`${code} with ${payload.length} bytes`);
      }
      return took;
    },
    async ask() {
      const begin = now();
      const { code } = await client.request({ code: Code.PUT, options: [], payload: SMALL });
      if (code !== Code.Changed) throw new Error(`${code}`);
      return now() - begin;
    },
  };
}

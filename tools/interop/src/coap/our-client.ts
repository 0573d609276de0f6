import { type CoapOption, Code, codeToString, OptionNumber, stringOption, uintOption } from '@lb-matrix/coap-codec';
import { connect, type DatagramPipe } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import type { Ask, CoapAsker } from './peer.ts';
import { tapPipe, type Wire } from './trace.ts';

/** Our client on a pipe; what crosses the wire is in `wire`. */
export function ourClient(pipe: DatagramPipe, wire: Wire): CoapAsker {
  const client = connect(tapPipe(pipe, 'client', wire), { platform: nodePlatform });
  return {
    async ask(ask) {
      const { code, options, payload } = await client.request(
        {
          code: Code[ask.method],
          options: optionsOf(ask),
          payload: ask.payload,
          confirmable: ask.confirmable,
        },
        { timeout: 20_000 },
      );
      return { code: codeToString(code), options, payload };
    },
    async observe({ path, states, forget }) {
      const seen: Uint8Array[] = [];
      const request = { code: Code.GET, options: optionsOf({ method: 'GET', path }) };
      for await (const { payload } of client.observe(request, { signal: AbortSignal.timeout(15_000), forget })) {
        seen.push(payload);
        if (seen.length === states) break;
      }
      return seen;
    },
    async ping() {
      await client.ping({ timeout: 5_000 });
    },
    stop: async () => client.close(),
  };
}

function optionsOf({ path, query = [], options = [], szx }: Ask): CoapOption[] {
  return [
    ...path.map((segment) => stringOption(OptionNumber.UriPath, segment)),
    ...query.map((part) => stringOption(OptionNumber.UriQuery, part)),
    ...options,
    ...(szx === undefined ? [] : [uintOption(OptionNumber.Block2, szx)]),
  ];
}

import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import { connect, listen, type Observation } from '@lb-matrix/coap-endpoint';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, test } from 'vitest';
import { dtlsLink } from './support/dtls-link.ts';
import { within } from './support/link.ts';

const BODY = new Uint8Array(8_000).map((_, at) => at % 251);
const get = { code: Code.GET, options: [stringOption(OptionNumber.UriPath, 'x')] };

/** A client whose address changes with each of its datagrams that `isMove` names, and a server with a body in blocks. */
async function moving(version: '1.3' | '1.2', isMove: (datagram: number) => boolean) {
  const platform = new VirtualTime();
  const dtls = { versions: [version] } as const;
  let sent = -1; // none counts before the handshake is done
  const link = dtlsLink(
    platform,
    (datagram, from) => {
      if (from === 'client' && sent >= 0 && isMove(sent++)) link.move(`address ${sent}`);
      return [datagram];
    },
    { client: { ...dtls, connectionId: { length: 0 } }, listener: { ...dtls, connectionId: { length: 4 } } },
  );
  const observers: Observation[] = [];
  const requests: number[] = [];
  listen(link.listener, {
    platform,
    handler: async (request) => {
      requests.push(request.code);
      const observer = request.observe();
      if (observer !== undefined) observers.push(observer);
      return { code: Code.Content, options: [], payload: observer === undefined ? BODY : Uint8Array.of(0) };
    },
  });
  await within(platform, 10_000, link.whenConnected);
  const client = connect(link.near, { platform });
  sent = 0;
  return { platform, link, client, observers, requests, datagrams: () => sent };
}

describe.each(['1.3', '1.2'] as const)('a move with connection ids is invisible above (DTLS %s)', (version) => {
  test('at any datagram of a transfer in blocks', async () => {
    const still = await moving(version, () => false);
    const began = still.platform.now();
    await within(still.platform, 60_000, still.client.request(get));
    const [elapsed, datagrams] = [still.platform.now() - began, still.datagrams()];
    expect(datagrams).toBeGreaterThan(7);
    for (let at = 0; at < datagrams; at++) {
      const { platform, link, client, requests } = await moving(version, (number) => number === at);
      const start = platform.now();
      const { payload } = await within(platform, 60_000, client.request(get));
      expect(payload).toEqual(BODY);
      expect(requests).toHaveLength(1);
      expect(link.engine.stats()).toMatchObject({ peers: 1, connected: 1 });
      // The challenge takes no time of its own unless a block has to wait for its answer: one round trip.
      expect(platform.now() - start).toBeLessThanOrEqual(elapsed + 50);
    }
  });

  test('with every third datagram of a transfer in blocks: there is time to show that it receives', async () => {
    const { platform, link, client, requests } = await moving(version, (number) => number % 3 === 0);
    const { payload } = await within(platform, 600_000, client.request(get));
    expect(payload).toEqual(BODY);
    expect(requests).toHaveLength(1);
    expect(link.engine.stats()).toMatchObject({ peers: 1, connected: 1 });
  });

  test('while an observation is on', async () => {
    const { platform, link, client, observers } = await moving(version, () => false);
    const seen: number[] = [];
    const watch = (async () => {
      for await (const { payload } of client.observe(get)) {
        seen.push(payload[0]!);
        if (seen.length === 4) return;
      }
    })();
    await platform.advance(500);
    for (let value = 1; value < 4; value++) {
      link.move(`elsewhere ${value}`);
      client.request(get).catch(() => {}); // something makes the new address known
      await platform.advance(500);
      void observers[0]!.notify({ code: Code.Content, options: [], payload: Uint8Array.of(value) });
      await platform.advance(500);
    }
    await within(platform, 10_000, watch);
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(link.engine.stats()).toMatchObject({ peers: 1, connected: 1 });
    client.close();
  });
});

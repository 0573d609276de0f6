import { Code, decodeMessage, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { type Deflate, PrivateOption } from '@lb-matrix/msc3079-mapper';
import { fflateDeflate } from '@lb-matrix/msc3079-mapper/fflate';
import { nodeDeflate } from '@lb-matrix/msc3079-mapper/node';
import { describe, expect, it } from 'vitest';
import { TestHomeserver } from './support/homeserver.ts';
import { Network } from './support/network.ts';
import { type WorldOptions, world } from './support/world.ts';

/** A deflate that counts. */
function counting(deflate: Deflate) {
  const calls = { compress: 0, decompress: 0 };
  const counted: Deflate = {
    compress(...args) {
      calls.compress++;
      return deflate.compress(...args);
    },
    decompress(...args) {
      calls.decompress++;
      return deflate.decompress(...args);
    },
  };
  return { calls, compression: { deflate: counted } };
}

/** A client with these options, and a server that offers everything. */
function meeting(options: WorldOptions = {}) {
  const server = counting(nodeDeflate());
  const there = world();
  const { time } = there;
  const homeserver = new TestHomeserver(time);
  const network = new Network(time, homeserver.upstream, { tables: 2, compression: server.compression });
  const fetch = there.app({ ...options, connect: network.connect });
  const send = async (text: string) => {
    const path = 'v3/rooms/!room:example.org/send/m.room.message/1';
    const body = JSON.stringify({ msgtype: 'm.text', body: text });
    const response = await time.until(there.ask(path, { method: 'PUT', body }, fetch));
    return [response.status, await response.json()];
  };
  const versions = async () => (await time.until(there.ask('versions', {}, fetch))).json();
  return { ...there, network, homeserver, send, versions, server };
}

/** Of the requests that the client has sent: the value of option 65002, and the format of the body. */
function requests(network: Network) {
  return network.sightings
    .filter(({ from }) => from === 'client')
    .map(({ bytes }) => decodeMessage(bytes))
    .flatMap((decoded) => (decoded.kind === 'message' && decoded.message.code === Code.PUT ? [decoded.message] : []))
    .map((message) => [
      uintValue(message.options, PrivateOption.Features),
      uintValue(message.options, OptionNumber.ContentFormat),
    ]);
}

const words = 'Hello World, hello World, hello World';

describe('a client that asks for everything', () => {
  it.each([
    ['node:zlib', nodeDeflate()],
    ['fflate', fflateDeflate()],
  ])('gets it from the second request on, by %s', async (_, deflate) => {
    const client = counting(deflate);
    const { network, send, server, homeserver } = meeting({ tables: 2, compression: client.compression });
    await send(words);
    await send(words);
    expect(requests(network)).toEqual([
      [0x37, 60],
      [undefined, undefined],
    ]);
    expect(client.calls.compress).toBe(1);
    expect(server.calls.decompress).toBe(1);
    expect(homeserver.requests.length).toBeGreaterThan(0);
  });

  it('starts again, within the same call, when the server has forgotten what they agreed on', async () => {
    const { network, send } = meeting({ tables: 2, compression: { deflate: nodeDeflate() } });
    const before = await send(words);
    await send(words);
    network.forget();
    expect(await send(words)).toEqual(before);
    await send(words);
    expect(requests(network)).toEqual([
      [0x37, 60],
      [undefined, undefined],
      [undefined, undefined], // answered with 4.15
      [0x37, 60],
      [undefined, undefined],
    ]);
    expect(network.handshakes).toBe(1);
  });

  it('gets plain MSC3079 from a server that does not know it', async () => {
    const there = world({ tables: 2, compression: { deflate: nodeDeflate() } });
    const { time, ask, network } = there;
    const body = JSON.stringify({ msgtype: 'm.text', body: words });
    for (let i = 0; i < 2; i++) {
      await time.until(ask('v3/rooms/!r:l/send/m.room.message/1', { method: 'PUT', body }));
    }
    expect(requests(network)).toEqual([
      [0x37, 60],
      [undefined, 60],
    ]);
  });
});

describe('a server that offers everything', () => {
  it('says so in /versions', async () => {
    const { versions } = meeting();
    expect(await versions()).toMatchObject({
      'm.low_bandwidth': {
        dtls: 8448,
        cbor_enum_version: 2,
        coap_enum_version: 2,
        deflate_dict: ['22c588f8'],
        transmission: true,
      },
    });
  });

  it('never compresses for a client that does not ask', async () => {
    const { send, versions, server, network } = meeting();
    await versions();
    for (let i = 0; i < 3; i++) await send(words);
    expect(server.calls).toEqual({ compress: 0, decompress: 0 });
    expect(requests(network).map(([, format]) => format)).toEqual([60, 60, 60]);
  });
});

import { Code, codeToString, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { Agent, createServer, type IncomingMessage } from 'coap';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, listen } from '../src/index.ts';
import { connectUdp, listenUdp, nodePlatform as platform } from '../src/node.ts';
import { bodyOf, content, get, NONE, put } from './support/messages.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The independent implementation on npm, as a peer over UDP loopback. */
describe('with node-coap', () => {
  it('as the server: GET in blocks, PUT in blocks, a slow answer, an error', async () => {
    const large = Buffer.from(bodyOf(5000));
    const received: Buffer[] = [];
    const server = createServer({ type: 'udp4' }, (request, response) => {
      if (request.method === 'PUT') received.push(request.payload);
      if (request.url === '/none') response.code = '4.04';
      const answer = () => response.end(request.url === '/large' ? large : Buffer.from('ok'));
      if (request.url === '/slow') setTimeout(answer, 300);
      else answer();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
    cleanups.push(() => new Promise((done) => server.close(done)));
    const { port } = (server as unknown as { _sock: { address(): { port: number } } })._sock.address();
    const client = connect(await connectUdp({ host: '127.0.0.1', port }), { platform });
    cleanups.push(() => client.close());

    expect((await client.request(get('large'))).payload).toEqual(bodyOf(5000));
    expect(new TextDecoder().decode((await client.request(get('slow'))).payload)).toBe('ok');
    expect(codeToString((await client.request(get('none'))).code)).toBe('4.04');
    await client.request(put(bodyOf(3000), 'up'));
    expect(received.at(-1)?.equals(bodyOf(3000))).toBe(true);
    expect(client.stats().dropped).toBe(0);
  });

  it('as the client: a small answer, one in blocks, a slow one, a body in blocks', async () => {
    const bodies: Uint8Array[] = [];
    const udp = await listenUdp();
    const server = listen(udp, {
      platform,
      handler: async ({ code, payload, options }) => {
        if (code === Code.PUT) bodies.push(payload);
        const path = new TextDecoder().decode(options.find(({ number }) => number === OptionNumber.UriPath)?.value);
        if (path === 'slow') await new Promise((resolve) => setTimeout(resolve, 300));
        return path === 'large'
          ? content(bodyOf(5000))
          : { ...content('ok'), options: [uintOption(OptionNumber.MaxAge, 1)] };
      },
    });
    cleanups.push(() => server.close());
    const agent = new Agent({ type: 'udp4' });
    cleanups.push(() => agent.close());
    const ask = (pathname: string, payload: Uint8Array = NONE): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const method = payload.length > 0 ? 'PUT' : 'GET';
        const request = agent.request({ hostname: '127.0.0.1', port: udp.address.port, pathname, method });
        if (payload.length > 0) request.setOption('Block1', Buffer.of(0x06));
        request.on('response', (response: IncomingMessage) => resolve(response.payload)).on('error', reject);
        request.end(Buffer.from(payload));
      });
    expect(String(await ask('/small'))).toBe('ok');
    expect((await ask('/large')).equals(bodyOf(5000))).toBe(true);
    expect(String(await ask('/slow'))).toBe('ok');
    await ask('/up', bodyOf(3000));
    expect(bodies).toEqual([bodyOf(3000)]);
  });
});

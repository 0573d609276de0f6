import {
  type CoapOption,
  Code,
  ContentFormat,
  OptionNumber,
  stringOption,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import { connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { createSelfSignedCertificate, publicKeyPin } from '@lb-matrix/dtls-transport';
import { connectDtls, generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { decodeValue, encodeValue } from '@lb-matrix/lb-cbor-keys';
import type { Upstream } from '@lb-matrix/lb-server';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';
import { createClientSession, requestToCoap, responseToHttp } from '@lb-matrix/msc3079-mapper';
import { describe, expect, it, onTestFinished } from 'vitest';
import { json, parse, scriptedUpstream } from './support/upstream.ts';

const { key, pkcs8 } = generateSigningKey();
const root = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'test',
  ipAddresses: ['127.0.0.1'],
  notBefore: Date.now() - 1000,
  notAfter: Date.now() + 3_600_000,
  serialNumber: Uint8Array.of(1),
});
const certificate = { chain: [root], privateKey: pkcs8 };

async function listening(upstream: Upstream, port = 0) {
  const server = await listenLowBandwidth({ host: '127.0.0.1', port, certificate, upstream });
  onTestFinished(() => server.close({ graceful: 0 }));
  return server;
}

async function ask(port: number, target: string, token?: string) {
  const pipe = await connectDtls({ host: '127.0.0.1', port, roots: [root] });
  const client = connect(pipe, { platform: nodePlatform });
  onTestFinished(() => client.close());
  const session = createClientSession();
  const headers = token === undefined ? [] : [['authorization', `Bearer ${token}`] as const];
  const request = requestToCoap({ method: 'GET', target, headers }, session);
  const response = responseToHttp(await client.request(request), request, session);
  return { status: response.status, json: parse(response.body) };
}

describe('a server on a UDP port', () => {
  it('R23: answers over DTLS, with a certificate that verifies', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, { user_id: '@a:x' }));
    const { address } = await listening(upstream);
    const got = await ask(address.port, '/_matrix/client/v3/account/whoami', 'secret');
    expect(got).toEqual({ status: 200, json: { user_id: '@a:x' } });
    expect(requests[0]!.headers).toContainEqual(['authorization', 'Bearer secret']);
  });

  it('R14: another connection of the same client has no token', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { address } = await listening(upstream);
    await ask(address.port, '/_matrix/client/v3/account/whoami', 'secret');
    await ask(address.port, '/_matrix/client/v3/account/whoami');
    expect(requests.map(({ headers }) => headers.some(([name]) => name === 'authorization'))).toEqual([true, false]);
  });

  it('R25: names its own port, and completes /versions over HTTP alike', async () => {
    const server = await listening(scriptedUpstream(() => json(200, { versions: [] })).upstream);
    const { json: overCoap } = await ask(server.address.port, '/_matrix/client/versions');
    expect(overCoap).toMatchObject({ 'm.low_bandwidth': { dtls: server.address.port } });
    const overHttp = await server.handleHttp({ method: 'GET', target: '/_matrix/client/versions', headers: [] });
    expect(parse(overHttp.body)).toEqual(overCoap);
  });

  it('R30: has what /versions advertises: DTLS, CBOR, a token that stays', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { address } = await listening(upstream);
    const client = connect(await connectDtls({ host: '127.0.0.1', port: address.port, roots: [root] }), {
      platform: nodePlatform,
    });
    onTestFinished(() => client.close());
    // The plainest client there can be: text keys, whole paths, no feature announced.
    const put = (options: readonly CoapOption[]) =>
      client.request({
        code: Code.PUT,
        options: [
          ...['_matrix', 'client', 'v3', 'x'].map((segment) => stringOption(OptionNumber.UriPath, segment)),
          uintOption(OptionNumber.ContentFormat, ContentFormat.Cbor),
          ...options,
        ],
        payload: encodeValue({ body: 'hi' }),
      });
    await put([stringOption(OptionNumber.Authorization, 'secret')]);
    const answer = await put([]);
    expect(uintValue(answer.options, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    expect(decodeValue(answer.payload)).toEqual({});
    for (const { body, headers } of requests) {
      expect(parse(body!)).toEqual({ body: 'hi' });
      expect(headers).toContainEqual(['authorization', 'Bearer secret']);
    }
  });

  it('fails with the system’s error when the port is taken', async () => {
    const { upstream } = scriptedUpstream(() => json(200, {}));
    const { address } = await listening(upstream);
    await expect(listening(upstream, address.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('refuses a key that is none', async () => {
    const { upstream } = scriptedUpstream(() => json(200, {}));
    const options = { host: '127.0.0.1', port: 0, upstream };
    await expect(
      listenLowBandwidth({ ...options, certificate: { chain: [root], privateKey: Uint8Array.of(1) } }),
    ).rejects.toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
  });

  it('gives its port back when it is closed', async () => {
    const { upstream } = scriptedUpstream(() => json(200, {}));
    const first = await listenLowBandwidth({ host: '127.0.0.1', port: 0, certificate, upstream });
    await first.close();
    expect((await listening(upstream, first.address.port)).address.port).toBe(first.address.port);
  });
});

it('names the pin of another raw key from when it is shown, and the next one only while it is still to come', async () => {
  const [first, second] = [generateSigningKey(), generateSigningKey()];
  const [pin, nextRawKeyPin] = [first, second].map((made) => publicKeyPin(made.key.spki, nodeCrypto));
  const { upstream } = scriptedUpstream(() => json(200, { versions: [] }));
  const server = await listenLowBandwidth({
    ...{ host: '127.0.0.1', port: 0, upstream, nextRawKeyPin },
    rawKey: { privateKey: first.pkcs8 },
  });
  onTestFinished(() => server.close({ graceful: 0 }));
  const named = async () => {
    const { body } = await server.handleHttp({ method: 'GET', target: '/_matrix/client/versions', headers: [] });
    return parse(body);
  };
  expect(await named()).toMatchObject({ 'm.low_bandwidth': { raw_keys: [pin, nextRawKeyPin] } });
  expect(() => server.setRawKey({ privateKey: new Uint8Array(9) })).toThrow(
    expect.objectContaining({ code: 'ERR_DTLS_CERTIFICATE' }),
  );
  expect(await named()).toMatchObject({ 'm.low_bandwidth': { raw_keys: [pin, nextRawKeyPin] } });
  server.setRawKey({ privateKey: second.pkcs8 });
  expect(await named()).toMatchObject({ 'm.low_bandwidth': { raw_keys: [nextRawKeyPin] } });
});

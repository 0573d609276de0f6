import { decodeToJson, decodeValue, encodeJson, keyTable } from '@lb-matrix/lb-cbor-keys';
import { concernsLowBandwidth, createLowBandwidthServer, type HttpHeaders } from '@lb-matrix/lb-server';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { json, parse, type ScriptedUpstream, scriptedUpstream, VIA } from './support/upstream.ts';

const CBOR: HttpHeaders = [['Content-Type', 'application/cbor']];
const EVENT = { type: 'm.room.message', content: { body: 'Hello World', msgtype: 'm.text' } };

function serverOn({ upstream }: ScriptedUpstream, options: { forwardClientAddress?: boolean } = {}) {
  return createLowBandwidthServer({ upstream, platform: new VirtualTime(), dtlsPort: 8448, ...options });
}

function cbor(value: unknown): Uint8Array {
  return encodeJson(JSON.stringify(value), { keys: keyTable(1) });
}

function type(headers: HttpHeaders): string | undefined {
  return headers.find(([name]) => name === 'content-type')?.[1];
}

describe('CBOR over HTTP', () => {
  it('R5, R6: a body in CBOR reaches the homeserver as JSON, and the answer is CBOR and says so', async () => {
    const homeserver = scriptedUpstream(() => json(200, { event_id: '$1' }));
    const response = await serverOn(homeserver).handleHttp({
      method: 'PUT',
      target: '/_matrix/client/v3/rooms/!r/send/m.room.message/1',
      headers: [...CBOR, ['Authorization', 'Bearer t']],
      body: cbor(EVENT),
    });
    const [request] = homeserver.requests;
    expect(parse(request!.body)).toEqual(EVENT);
    expect(request!.headers).toEqual([
      ['authorization', 'Bearer t'],
      ['accept', 'application/json'],
      ['content-type', 'application/json'],
      VIA,
    ]);
    expect(response.status).toBe(200);
    expect(type(response.headers)).toBe('application/cbor');
    expect(parse(decodeToJson(response.body))).toEqual({ event_id: '$1' });
  });

  it('R27: integer keys come back to who sent some, text keys to all others', async () => {
    const server = serverOn(scriptedUpstream(() => json(200, { event_id: '$1' })));
    const put = { method: 'PUT', target: '/_matrix/client/v3/rooms/!r/send/m.room.message/1', headers: CBOR };
    const withIntegers = await server.handleHttp({ ...put, body: cbor(EVENT) });
    const withText = await server.handleHttp({ ...put, body: encodeJson(JSON.stringify(EVENT)) });
    expect(withIntegers.body[1]).toBe(0x01);
    expect(withText.body[1]).toBe(0x60 + 'event_id'.length);
  });

  it('R7: a request in JSON is answered in JSON unless it accepts CBOR', async () => {
    const server = serverOn(scriptedUpstream(() => json(200, { a: 1 })));
    const request = { method: 'GET', target: '/_matrix/client/v3/sync' };
    const plain = await server.handleHttp({ ...request, headers: [['accept', '*/*']] });
    expect([type(plain.headers), parse(plain.body)]).toEqual(['application/json', { a: 1 }]);
    const asked = await server.handleHttp({ ...request, headers: [['accept', 'application/cbor']] });
    expect([type(asked.headers), decodeValue(asked.body)]).toEqual(['application/cbor', { a: 1 }]);
  });

  it('a body that is no CBOR is M_NOT_JSON, in CBOR, and never reaches the homeserver', async () => {
    const homeserver = scriptedUpstream(() => json(200, {}));
    const request = { method: 'POST', target: '/_matrix/client/v3/login', headers: CBOR };
    for (const body of [Uint8Array.of(0x41, 0x00), Uint8Array.of(0xa1), Uint8Array.of(0xff)]) {
      const response = await serverOn(homeserver).handleHttp({ ...request, body });
      expect(response.status).toBe(400);
      expect(decodeValue(response.body)).toMatchObject({ errcode: 'M_NOT_JSON' });
      expect(response.headers).toContainEqual(['access-control-allow-origin', '*']);
    }
    expect(homeserver.requests).toHaveLength(0);
  });

  it('an answer that calls itself JSON and is none is a 502', async () => {
    const broken = { status: 200, headers: [['content-type', 'application/json']] as const, body: Uint8Array.of(0x7b) };
    const response = await serverOn(scriptedUpstream(() => broken)).handleHttp({
      method: 'GET',
      target: '/_matrix/client/v3/sync',
      headers: [['accept', 'application/cbor']],
    });
    expect(response.status).toBe(502);
    expect(decodeValue(response.body)).toMatchObject({ errcode: 'M_UNKNOWN' });
  });

  it('sends JSON that has no CBOR form as JSON', async () => {
    const body = new TextEncoder().encode('{"n":123456789012345678901234567890}');
    const exotic = { status: 200, headers: [['content-type', 'application/json']] as const, body };
    const response = await serverOn(scriptedUpstream(() => exotic)).handleHttp({
      method: 'GET',
      target: '/_matrix/client/v3/sync',
      headers: [['accept', 'application/cbor, application/json']],
    });
    expect(response).toMatchObject({ status: 200, body });
    expect(response.headers).toContainEqual(['content-type', 'application/json']);
  });

  it('leaves alone what is neither CBOR nor JSON', async () => {
    const picture = { status: 200, headers: [['content-type', 'image/png']] as const, body: Uint8Array.of(1, 2, 3) };
    const response = await serverOn(scriptedUpstream(() => picture)).handleHttp({
      method: 'GET',
      target: '/_matrix/client/v1/media/download/x/y',
      headers: [['accept', 'application/cbor']],
    });
    expect(response).toEqual({ ...picture });
  });

  it('content types with a charset are recognised', async () => {
    const homeserver = scriptedUpstream(() => ({
      ...json(200, { a: 1 }),
      headers: [['Content-Type', 'application/json; charset=utf-8']],
    }));
    const response = await serverOn(homeserver).handleHttp({
      method: 'POST',
      target: '/_matrix/client/v3/createRoom',
      headers: [['content-type', 'Application/CBOR; charset=binary']],
      body: cbor({ name: 'x' }),
    });
    expect(parse(homeserver.requests[0]!.body)).toEqual({ name: 'x' });
    expect(decodeValue(response.body)).toEqual({ a: 1 });
  });

  it('asks the homeserver not to compress what has to be read here', async () => {
    const homeserver = scriptedUpstream(() => json(200, {}));
    await serverOn(homeserver).handleHttp({
      method: 'GET',
      target: '/_matrix/client/v3/sync',
      headers: [
        ['accept', 'application/cbor'],
        ['accept-encoding', 'gzip, br'],
      ],
    });
    expect(homeserver.requests[0]!.headers).toEqual([['accept', 'application/json'], VIA]);
  });
});

describe('HTTP', () => {
  it('R25, R28: /versions names what is offered, in the body’s own format', async () => {
    const server = serverOn(scriptedUpstream(() => json(200, { versions: ['v1.15'] }, [['etag', '"1"']])));
    const request = { method: 'GET', target: '/_matrix/client/versions' };
    const offer = { dtls: 8448, cbor_enum_version: 1, coap_enum_version: 1, transmission: true };
    const expected = { versions: ['v1.15'], 'm.low_bandwidth': offer, 'org.matrix.msc3079.low_bandwidth': offer };
    const plain = await server.handleHttp({ ...request, headers: [] });
    expect(parse(plain.body)).toEqual(expected);
    expect(plain.headers).toEqual([['content-type', 'application/json']]);
    const asCbor = await server.handleHttp({ ...request, headers: [['accept', 'application/cbor']] });
    expect(decodeValue(asCbor.body)).toEqual(expected);
  });

  it('leaves an error to /versions as it is, and answers 502 to what is no object', async () => {
    const request = { method: 'GET', target: '/_matrix/client/versions', headers: [] };
    const error = await serverOn(scriptedUpstream(() => json(500, { errcode: 'M_UNKNOWN' }))).handleHttp(request);
    expect([error.status, parse(error.body)]).toEqual([500, { errcode: 'M_UNKNOWN' }]);
    const list = await serverOn(scriptedUpstream(() => json(200, ['v1.15']))).handleHttp(request);
    expect(list.status).toBe(502);
  });

  it('no path leaves its folder', async () => {
    const homeserver = scriptedUpstream(() => json(200, {}));
    for (const path of [
      '/_matrix/../_synapse/admin',
      '/_matrix/%2e%2e/x',
      '/_matrix/a%2f..%2fx',
      '/_matrix/.%252e/x',
    ]) {
      const response = await serverOn(homeserver).handleHttp({ method: 'GET', target: path, headers: [] });
      expect(response.status).toBe(400);
    }
    expect(homeserver.requests).toHaveLength(0);
  });

  it('the homeserver learns the client’s address only where told so, and never from the client', async () => {
    const request = {
      method: 'GET',
      target: '/_matrix/client/v3/sync',
      headers: [['X-Forwarded-For', '10.0.0.1']],
    } as const;
    const peer = { address: '192.0.2.7', port: 1 };
    const silent = scriptedUpstream(() => json(200, {}));
    await serverOn(silent).handleHttp(request, { peer });
    expect(silent.requests[0]!.headers).toEqual([VIA]);
    const told = scriptedUpstream(() => json(200, {}));
    await serverOn(told, { forwardClientAddress: true }).handleHttp(request, { peer });
    expect(told.requests[0]!.headers).toEqual([['x-forwarded-for', '192.0.2.7'], VIA]);
  });

  it.each([
    ['GET', '/_matrix/client/versions', [], true],
    ['GET', '/_matrix/client/v3/sync', [], false],
    ['GET', '/_matrix/client/v3/sync', [['accept', 'application/cbor']], true],
    ['POST', '/_matrix/client/v3/login', CBOR, true],
    ['POST', '/_matrix/media/v3/upload', [['content-type', 'image/png']], false],
  ] as const)('%s %s %j concerns it: %s', (method, target, headers, expected) => {
    expect(concernsLowBandwidth({ method, target, headers })).toBe(expected);
  });
});

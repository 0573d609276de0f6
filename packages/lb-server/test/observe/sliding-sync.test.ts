import { Code, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { encodeJson } from '@lb-matrix/lb-cbor-keys';
import { describe, expect, it } from 'vitest';
import { SECOND, SLIDING, setUp } from '../support/observing.ts';
import { ANNOUNCE, bodyOf, kind, observeOf } from '../support/raw-client.ts';
import { json } from '../support/upstream.ts';

describe('sliding sync', () => {
  const request = { lists: { all: { ranges: [[0, 9]] } }, extensions: { to_device: { enabled: true, limit: 5 } } };
  const registration = {
    path: SLIDING,
    code: Code.FETCH,
    options: [ANNOUNCE, uintOption(OptionNumber.ContentFormat, 60)],
    payload: encodeJson(JSON.stringify(request)),
  };
  const answer = (pos: string, nextBatch: string, rooms: object = {}) =>
    json(200, { pos, rooms, extensions: { to_device: { next_batch: nextBatch, events: [] } } });

  it('is observed with FETCH; pos and the cursor of to-device messages move with what is acknowledged', async () => {
    const { platform, homeserver, client } = setUp();
    const asked = () =>
      homeserver.requests.splice(0).map(({ method, target, body }) => ({
        method,
        query: target.split('?')[1],
        toDevice: JSON.parse(new TextDecoder().decode(body)).extensions.to_device,
      }));
    homeserver.instead.push(answer('1', '5'));
    const observing = client();
    observing.register(['pos=0'], registration);
    await platform.advance(0);
    expect(observing.received().map(observeOf)).toHaveLength(1);
    expect(asked()).toEqual([
      { method: 'POST', query: 'pos=0&timeout=0', toDevice: { enabled: true, limit: 5 } },
      { method: 'POST', query: 'pos=1&timeout=30000', toDevice: { enabled: true, limit: 5, since: '5' } },
    ]);

    homeserver.instead.push(answer('2', '6'));
    homeserver.stir();
    await platform.advance(SECOND);
    expect(observing.received()).toEqual([]);
    expect(asked()).toMatchObject([{ query: 'pos=1&timeout=30000', toDevice: { since: '5' } }]);

    homeserver.instead.push(answer('3', '7', { '!r:x': { name: 'Room' } }));
    homeserver.stir();
    await platform.advance(0);
    const [push] = observing.received();
    expect(bodyOf(push!)).toMatchObject({ pos: '3', rooms: { '!r:x': { name: 'Room' } } });
    expect(asked()).toEqual([]);
    observing.ack(push!);
    await platform.advance(0);
    expect(asked()).toMatchObject([{ query: 'pos=3&timeout=30000', toDevice: { since: '7' } }]);
  });

  it('ends with the error when its position is not known any more', async () => {
    const { platform, homeserver, client } = setUp();
    homeserver.instead.push(answer('1', '5'));
    const observing = client();
    observing.register(['pos=0'], registration);
    await platform.advance(0);
    observing.received();
    homeserver.instead.push(json(400, { errcode: 'M_UNKNOWN_POS', error: '' }));
    homeserver.stir();
    await platform.advance(0);
    const [last] = observing.received();
    expect([kind(last!), bodyOf(last!)]).toMatchObject(['CON 4.00', { errcode: 'M_UNKNOWN_POS' }]);
  });
});

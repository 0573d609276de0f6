import { OptionNumber, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { type CoapResponse, type IncomingRequest, listen } from '@lb-matrix/coap-endpoint';
import { mapperOptionRegistry, PrivateOption } from '@lb-matrix/msc3079-mapper';
import { describe, expect, it } from 'vitest';
import { world } from './support/world.ts';

/** A world whose server is one of another make. */
function otherServer(answer: (request: IncomingRequest) => CoapResponse, announces = true) {
  const there = world();
  const requests: IncomingRequest[] = [];
  there.network.serve((listener, platform) => {
    listen(listener, {
      platform,
      optionRegistry: mapperOptionRegistry,
      handler: (request) => {
        requests.push(request);
        const { code, options, payload } = answer(request);
        const features = announces ? [uintOption(PrivateOption.Features, 16)] : [];
        return { code, options: [...options, ...features], payload };
      },
    });
  });
  return { ...there, requests };
}

const CONTENT: CoapResponse = {
  code: 0x45,
  options: [uintOption(OptionNumber.ContentFormat, 50)],
  payload: new TextEncoder().encode('{"next_batch":"s1"}'),
};
/** A lean body, docs/tables.md. */
const LEAN = Uint8Array.of(0xc0, 0, 0, 0xa0);
const observes = ({ options }: IncomingRequest): boolean => uintValue(options, OptionNumber.Observe) === 0;

describe('a server that', () => {
  it('does not notify is polled from its first answer on', async () => {
    const { time, ask, sync, requests } = otherServer(() => CONTENT);
    await time.until(ask('v3/account/whoami'));
    for (let i = 0; i < 3; i++) expect(await sync('&since=s0')).toEqual({ next_batch: 's1' });
    expect(requests.map(observes)).toEqual([false, true, false, false]);
  });

  it('has not accepted our announcement is never asked to', async () => {
    const { time, ask, sync, requests } = otherServer(() => CONTENT, false);
    await time.until(ask('v3/account/whoami'));
    await sync('');
    expect(requests.some(observes)).toBe(false);
  });

  it.each([0x85, 0x82])('refuses the form of the question (%i) is polled', async (code) => {
    const { time, ask, sync, requests, fallbacks } = otherServer((request) =>
      observes(request) ? { ...CONTENT, code, payload: new Uint8Array() } : CONTENT,
    );
    await time.until(ask('v3/account/whoami'));
    expect(await sync('')).toEqual({ next_batch: 's1' });
    expect(await sync('')).toEqual({ next_batch: 's1' });
    expect(requests.map(observes)).toEqual([false, true, false, false]);
    expect(fallbacks).toEqual([]);
  });

  it('answers with references to nothing is not asked again and again', async () => {
    const lean = { code: 0x45, options: [uintOption(OptionNumber.ContentFormat, 60)], payload: LEAN };
    const { time, ask, requests } = otherServer(({ signal }) => {
      // Ends what would have no end.
      if (requests.length > 50) throw signal;
      return lean;
    });
    await expect(time.until(ask('v3/createRoom', { method: 'POST', body: '{}' }))).rejects.toThrow();
    expect(requests).toHaveLength(1);
    await expect(time.until(ask('v3/sync?timeout=30000&since=s0'))).rejects.toThrow();
    expect(requests.length).toBeLessThan(5);
  });

  it('answers with nonsense makes the request fail, not the client', async () => {
    const { time, ask, fallbacks } = otherServer(() => ({
      code: 0x45,
      options: [uintOption(OptionNumber.ContentFormat, 60)],
      payload: Uint8Array.of(0xff),
    }));
    const [outcome] = await time.until(Promise.allSettled([ask('v3/account/whoami')]));
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'network' } });
    expect(fallbacks).toEqual([]);
  });
});

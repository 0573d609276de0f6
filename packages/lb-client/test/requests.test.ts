import { describe, expect, it } from 'vitest';
import { world } from './support/world.ts';

describe('a request', () => {
  it('gets a real Response, with JSON in it', async () => {
    const { time, ask, fetch, fallbacks } = world();
    const response = await time.until(ask('v3/account/whoami'));
    expect(response).toBeInstanceOf(Response);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.clone().json()).toEqual({ user_id: '@alice:example.org' });
    expect(await response.json()).toEqual({ user_id: '@alice:example.org' });
    expect(fallbacks).toEqual([]);
    expect(fetch.stats()).toMatchObject({ requests: 1, fallbacks: 0, pushes: 0 });
    expect(fetch.stats().bytesSent).toBeGreaterThan(0);
  });
});

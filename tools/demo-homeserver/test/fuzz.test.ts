import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { routes } from '../src/routes/index.ts';
import { startHomeserver } from './client.ts';

/** Words that mean something to some endpoint, so that requests get past the first check. */
const WORDS = `
  type user identifier password auth session username device_id room_id user_id membership m.login.password
  m.login.dummy m.id.user m.room.member m.room.power_levels m.room.create m.read m.fully_read displayname
  avatar_url room timeline limit types users events invite join preset public_chat initial_state state_key
  content typing timeout device_keys one_time_keys fallback_keys signed_curve25519 signed_curve25519:a algorithms keys
  signatures master_key self_signing_key user_signing_key usage messages * algorithm auth_data version rooms sessions
  is_verified first_message_index forwarded_count session_data devices m.relates_to rel_type event_id m.replace m.thread
  m.new_content redacts actions conditions pattern enabled override content room sender underride __proto__ constructor`.split(
  /\s+/,
);

const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

describe('whatever is sent', () => {
  it('is answered, and a refusal is a Matrix error', { timeout: 60_000 }, async () => {
    const complaint = vi.spyOn(console, 'error');
    const { register, send, logIn } = await startHomeserver();
    const alice = await register('alice');
    let { token } = await logIn('alice');
    const room = (await alice.request('POST /createRoom', {})).text('/room_id');
    const word = fc.oneof(
      fc.constantFrom(...WORDS, alice.id, room, 'alice', 'PHONE', 's1', 's999'),
      fc.string({ unit: 'binary', maxLength: 8 }).filter(isWellFormed),
    );
    const { body } = fc.letrec<{ body: object; value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        word,
        fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 1e300),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('body'),
      ),
      body: fc.dictionary(word, tie('value'), { maxKeys: 5 }),
    }));
    const anything = fc.record({
      route: fc.constantFrom(...routes),
      params: fc.array(word, { minLength: 3, maxLength: 3 }),
      query: fc.dictionary(
        fc.constantFrom('since', 'from', 'to', 'dir', 'limit', 'filter', 'full_state', 'kind'),
        fc.oneof(word, fc.json()),
      ),
      body: fc.oneof(body, fc.anything()),
    });
    await fc.assert(
      fc.asyncProperty(anything, async ({ route, params, query, body }) => {
        let next = 0;
        const path = route.segments
          .map((segment) => (segment.startsWith(':') ? encodeURIComponent(params[next++] ?? '') : segment))
          .join('/');
        const text = route.method === 'GET' ? undefined : JSON.stringify(body);
        const answer = await send(route.method, `${path}?${new URLSearchParams(query)}`, {
          headers: { authorization: `Bearer ${token}` },
          ...(text === undefined ? {} : { body: text }),
        });
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400 && answer.at('/session') === undefined) expect(answer.text('/errcode')).toMatch(/^M_/);
        if (path.includes('/logout')) ({ token } = await logIn('alice'));
      }),
      { seed: 3079, numRuns: 600 },
    );
    expect(complaint).not.toHaveBeenCalled();
  });
});

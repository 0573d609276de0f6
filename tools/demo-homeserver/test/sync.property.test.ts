import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isArray, isObject } from '../src/json.ts';
import { type Client, startHomeserver } from './client.ts';
import { SyncClient } from './sync-client.ts';

/** What may happen in a room of three, and what bob's client does meanwhile. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('say' as const), who: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('set' as const), who: fc.nat(2), key: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('rename' as const), who: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('join' as const, 'leave' as const), who: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom('kick' as const, 'invite' as const),
      who: fc.constant(0),
      whom: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('sync' as const), limit: fc.integer({ min: 1, max: 5 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Performs a step; the homeserver may refuse it. */
async function perform(
  step: Step,
  index: number,
  room: string,
  people: readonly Client[],
  syncer: SyncClient,
): Promise<void> {
  if (step.does === 'sync') return syncer.sync(step.limit);
  const who = people[step.who]!;
  switch (step.does) {
    case 'say':
      await who.request(`PUT /rooms/${room}/send/m.room.message/${index}`, { body: String(index) });
      return;
    case 'set':
      await who.request(`PUT /rooms/${room}/state/org.example.x/${step.key}`, { index });
      return;
    case 'rename':
      await who.request(`PUT /profile/${who.id}/displayname`, { displayname: String(index) });
      return;
    case 'join':
    case 'leave':
      await who.request(`POST /rooms/${room}/${step.does}`);
      return;
    default:
      await who.request(`POST /rooms/${room}/${step.does}`, { user_id: people[step.whom]!.id });
  }
}

describe('a client that only syncs', () => {
  it('knows what the homeserver knows, whatever happens and however small its timelines', {
    timeout: 60_000,
  }, async () => {
    const { register } = await startHomeserver();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, isPublic) => {
        run += 1;
        const people: Client[] = [];
        for (const name of ['alice', 'bob', 'carol']) people.push(await register(`${name}${run}`));
        const [alice, bob] = people as [Client, Client];
        const created = await alice.request('POST /createRoom', {
          preset: isPublic ? 'public_chat' : 'private_chat',
          invite: [bob.id],
          power_level_content_override: { state_default: 0 },
        });
        const room = created.text('/room_id');
        const syncer = new SyncClient(bob);
        for (const [index, step] of steps.entries()) await perform(step, index, room, people, syncer);
        await bob.request(`POST /rooms/${room}/invite`, { user_id: bob.id });
        await alice.request(`POST /rooms/${room}/invite`, { user_id: bob.id });
        await bob.request(`POST /rooms/${room}/join`);
        await syncer.sync(3);

        const known = syncer.rooms.get(room);
        expect(known?.membership).toBe('join');
        const history = (await bob.request(`GET /rooms/${room}/messages?dir=f&limit=1000`)).at('/chunk/*/event_id');
        expect(known?.timeline).toEqual(history);
        const state = (await bob.request(`GET /rooms/${room}/state`)).body;
        const expected = (isArray(state) ? state : [])
          .filter(isObject)
          .map((event) => [`${event.type} ${event.state_key}`, event.event_id] as const);
        expect(known?.state).toEqual(new Map(expected));
      }),
      { seed: 3079, numRuns: 40 },
    );
  });
});

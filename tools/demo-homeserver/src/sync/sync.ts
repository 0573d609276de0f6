import type { Requester, User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import type { JsonObject } from '../json.ts';
import { oneTimeKeyCounts, unusedFallbackKeyTypes } from '../keys/device-keys.ts';
import { deviceListChanges } from '../keys/device-lists.ts';
import { membershipOf, type Room, stateOf } from '../room/room.ts';
import { formatToken } from '../stream.ts';
import { accountDataSince } from './account-data.ts';
import { passes, type SyncFilter } from './filter.ts';
import { pushRuleEvent } from './push-rules.ts';
import { invitedSection, joinedSection, leftSection, type Span } from './room-section.ts';

/** What a client asks of `/sync`. */
export interface SyncRequest {
  readonly requester: Requester;
  readonly filter: SyncFilter;
  /** Stream position of the last sync; 0 for the first. */
  readonly since: number;
  /** Milliseconds to wait when there is nothing to tell. */
  readonly timeout: number;
  readonly fullState: boolean;
}

/**
 * Answers `/sync`: at once when there is news, when it is the first sync or full state is wanted, otherwise at the next news for the user
 * or after the timeout. `signal` ends the waiting early.
 */
export async function sync(homeserver: Homeserver, request: SyncRequest, signal: AbortSignal): Promise<JsonObject> {
  const { clock, stream } = homeserver;
  const { since, timeout, fullState, requester } = request;
  const deadline = clock.now() + timeout;
  // Who syncs on from a position has received what came before it.
  requester.device.inbox = requester.device.inbox.filter(({ position }) => position > since);
  for (;;) {
    const news = collect(homeserver, request);
    const left = deadline - clock.now();
    if (!news.isEmpty || since === 0 || fullState || left <= 0 || signal.aborted) return news.response;
    await stream.changed(requester.user.id, left, signal);
  }
}

function collect(
  homeserver: Homeserver,
  { requester, filter, since, fullState }: SyncRequest,
): { readonly response: JsonObject; readonly isEmpty: boolean } {
  const { user, device } = requester;
  const { stream, clock, rooms } = homeserver;
  const until = stream.position;
  const viewer = { requester, now: clock.now() };
  const join: Record<string, JsonObject> = {};
  const invite: Record<string, JsonObject> = {};
  const leave: Record<string, JsonObject> = {};

  const describe = (room: Room): void => {
    const member = stateOf(room, 'm.room.member', user.id);
    if (member === undefined || room.forgotten.has(user.id)) return;
    const isNews = member.position > since;
    switch (membershipOf(room, user.id)) {
      case 'join': {
        const section = joinedSection(room, viewer, filter, { since, until, fullState });
        if (section !== undefined) join[room.id] = section;
        return;
      }
      case 'invite':
        if (isNews || fullState) invite[room.id] = invitedSection(room, user.id);
        return;
      default: {
        // A first sync leaves out the rooms that are past, as `include_leave` is false by default.
        if (!isNews || since === 0) return;
        leave[room.id] = leftSection(room, viewer, filter, { since, until: member.position, fullState });
      }
    }
  };
  for (const room of rooms.byUser.get(user.id) ?? []) describe(room);

  const accountData = accountDataSince(user.accountData, fullState ? 0 : since);
  if (since === 0 || fullState || user.pushRules.position > since) accountData.push(pushRuleEvent(user));
  const global = accountData.filter((event) => passes(filter.accountData, event));
  const toDevice = device.inbox.filter(({ position }) => position > since);
  // A first sync starts from nothing, so that there is nothing to say about changes.
  const devices = since === 0 ? undefined : deviceLists(homeserver, user, { since, until, fullState });
  const sections = Object.entries({ join, invite, leave }).filter(([, section]) => Object.keys(section).length > 0);
  return {
    response: {
      next_batch: formatToken(until),
      ...(global.length === 0 ? {} : { account_data: { events: global } }),
      ...(toDevice.length === 0 ? {} : { to_device: { events: toDevice.map(({ event }) => event) } }),
      ...(devices === undefined ? {} : { device_lists: devices }),
      device_one_time_keys_count: oneTimeKeyCounts(device.keys),
      device_unused_fallback_key_types: unusedFallbackKeyTypes(device.keys),
      ...(sections.length === 0 ? {} : { rooms: Object.fromEntries(sections) }),
    },
    isEmpty: sections.length === 0 && global.length === 0 && toDevice.length === 0 && devices === undefined,
  };
}

/** `device_lists` of a sync, or `undefined` when there is nothing to tell. */
function deviceLists(homeserver: Homeserver, user: User, span: Span): JsonObject | undefined {
  const { changed, left } = deviceListChanges(homeserver, user, span);
  if (changed.length === 0 && left.length === 0) return undefined;
  return { ...(changed.length === 0 ? {} : { changed }), ...(left.length === 0 ? {} : { left }) };
}

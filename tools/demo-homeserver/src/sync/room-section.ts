import type { User } from '../accounts.ts';
import type { JsonObject } from '../json.ts';
import { type RoomEvent, toClientEvent, toStrippedEvent, type Viewer } from '../room/event.ts';
import { receiptContent } from '../room/receipts.ts';
import { showEvent } from '../room/relations.ts';
import { allStateAt, membershipOf, type Room, stateOf } from '../room/room.ts';
import { isVisible } from '../room/visibility.ts';
import { formatToken } from '../stream.ts';
import { accountDataSince } from './account-data.ts';
import { passes, type SyncFilter } from './filter.ts';
import { unreadNotifications } from './unread.ts';

/** What part of a room's history a section covers. */
export interface Span {
  /** Stream position behind which everything is new; 0 for a first sync. */
  readonly since: number;
  /** Stream position up to which the section goes. */
  readonly until: number;
  /** Whether all state is wanted, not only what changed. */
  readonly fullState: boolean;
}

const DEFAULT_TIMELINE_LIMIT = 10;

/** `rooms.join.ROOM` of a sync, or `undefined` when there is nothing to tell. */
export function joinedSection(room: Room, viewer: Viewer, filter: SyncFilter, span: Span): JsonObject | undefined {
  const { user } = viewer.requester;
  const isNew = span.since === 0 || membershipOf(room, user.id, span.since) !== 'join';
  const whole = isNew ? { ...span, since: 0, fullState: true } : span;
  // A room that was joined after the last sync has a gap before it, however little history there is.
  const common = commonSection(room, viewer, filter, whole, { hasGap: isNew && span.since > 0 });
  const ephemeral = ephemeralEvents(room, user, isNew ? 0 : span.since).filter((event) =>
    passes(filter.ephemeral, event),
  );
  if (!whole.fullState && common.isEmpty && ephemeral.length === 0) return undefined;
  return {
    ...common.section,
    ephemeral: { events: ephemeral },
    unread_notifications: unreadNotifications(room, user),
    summary: {},
  };
}

/** `rooms.leave.ROOM` of a sync: what happened up to the departure. Who only turned an invitation down learns nothing of the room. */
export function leftSection(room: Room, viewer: Viewer, filter: SyncFilter, span: Span): JsonObject {
  return commonSection(room, viewer, filter, span, { isOut: true }).section;
}

/** `rooms.invite.ROOM` of a sync: enough to show what one is invited to. */
export function invitedSection(room: Room, userId: string): JsonObject {
  const invitation = stateOf(room, 'm.room.member', userId);
  const shown = [
    ...['create', 'join_rules', 'canonical_alias', 'avatar', 'encryption', 'name', 'topic'].map((name) =>
      stateOf(room, `m.room.${name}`),
    ),
    stateOf(room, 'm.room.member', invitation?.sender),
    invitation,
  ];
  return { invite_state: { events: shown.flatMap((event) => (event === undefined ? [] : toStrippedEvent(event))) } };
}

function commonSection(
  room: Room,
  viewer: Viewer,
  filter: SyncFilter,
  { since, until, fullState }: Span,
  { hasGap = false, isOut = false }: { hasGap?: boolean; isOut?: boolean },
): { readonly section: JsonObject; readonly isEmpty: boolean } {
  const { user } = viewer.requester;
  const limit = filter.timeline.limit ?? DEFAULT_TIMELINE_LIMIT;
  const recent = latestEvents(room, user, filter, since, until, limit + 1);
  const timeline = limit === 0 ? [] : recent.slice(-limit);
  const limited = hasGap || recent.length > limit;
  const start = timeline[0] === undefined ? until : timeline[0].position - 1;
  const state = stateBefore(room, timeline, start, until, fullState ? 0 : since).filter(
    (event) => passes(filter.state, event) && (!isOut || isVisible(room, user.id, event)),
  );
  const accountData = accountDataSince(user.roomAccountData.get(room.id), fullState ? 0 : since).filter((event) =>
    passes(filter.roomAccountData, event),
  );
  return {
    section: {
      timeline: {
        // Who has all events sees what relates to what: only where some are left out they come with it.
        events: timeline.map((event) => showEvent(room, event, viewer, { bundled: limited || since === 0 })),
        prev_batch: formatToken(start),
        limited,
      },
      state: { events: state.map((event) => toClientEvent(event, viewer)) },
      account_data: { events: accountData },
    },
    isEmpty: timeline.length === 0 && state.length === 0 && accountData.length === 0,
  };
}

function latestEvents(
  room: Room,
  user: User,
  filter: SyncFilter,
  since: number,
  until: number,
  count: number,
): RoomEvent[] {
  const found: RoomEvent[] = [];
  for (let index = room.timeline.length - 1; index >= 0 && found.length < count; index -= 1) {
    const event = room.timeline[index]!;
    if (event.position > until) continue;
    if (event.position <= since) break;
    if (passes(filter.timeline, event) && isVisible(room, user.id, event)) found.push(event);
  }
  return found.reverse();
}

/**
 * The state that a client needs besides the timeline: what held where the timeline starts and what holds at its end (a filter may have
 * kept it out of the timeline), less what the client knew before and what the timeline brings.
 */
function stateBefore(
  room: Room,
  timeline: readonly RoomEvent[],
  start: number,
  until: number,
  known: number,
): RoomEvent[] {
  const wanted = new Set([...allStateAt(room, start), ...allStateAt(room, until)]);
  for (const event of [...allStateAt(room, known), ...timeline]) wanted.delete(event);
  return [...wanted];
}

function ephemeralEvents(room: Room, { id }: User, since: number): { type: string; content: JsonObject }[] {
  const { typing, receipts } = room;
  const content = receiptContent(receipts, id, since);
  return [
    ...(typing.position > since ? [{ type: 'm.typing', content: { user_ids: [...typing.users.keys()] } }] : []),
    ...(content === undefined ? [] : [{ type: 'm.receipt', content }]),
  ];
}

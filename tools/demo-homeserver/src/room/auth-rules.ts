import type { Json } from '../json.ts';
import { badState, forbidden } from '../matrix-error.ts';
import type { EventDraft } from './event.ts';
import { maySetPowerLevels, powerFor, powerOf, powerToSend } from './power.ts';
import { membershipOf, type Room, stateOf } from './room.ts';

/**
 * Checks a draft against the room's state, as the authorisation rules of room version 11 have it, without what this server does not
 * offer: federation, knocking, restricted joins, invitations by third parties.
 *
 * @throws MatrixError 403 M_FORBIDDEN or M_BAD_STATE
 */
export function authorise(room: Room, draft: EventDraft): void {
  const { type, sender, stateKey, content } = draft;
  if (type === 'm.room.create' && room.timeline.length === 0) return;
  if (type === 'm.room.member' && stateKey !== undefined) {
    authoriseMember(room, sender, stateKey, content.membership);
    return;
  }
  if (membershipOf(room, sender) !== 'join') throw notInRoom(room, sender);
  if (type === 'm.room.create') throw forbidden('The room is created already');
  const own = powerOf(room, sender);
  const needed = powerToSend(room, type, stateKey !== undefined);
  if (own < needed) {
    throw forbidden(`You don't have permission to post that to the room: your power is ${own}, it needs ${needed}`);
  }
  if (stateKey?.startsWith('@') && stateKey !== sender) throw forbidden("You are not allowed to set others' state");
  if (type === 'm.room.power_levels' && !maySetPowerLevels(room, sender, content)) {
    throw forbidden("You don't have permission to set these power levels");
  }
}

function authoriseMember(room: Room, sender: string, target: string, membership: Json | undefined): void {
  const current = membershipOf(room, target);
  switch (membership) {
    case 'join': {
      if (sender !== target) throw forbidden('Cannot force another user to join.');
      if (current === 'ban') throw badState('You are banned from this room');
      const created = room.timeline.length === 1 && stateOf(room, 'm.room.create')?.sender === sender;
      const open = stateOf(room, 'm.room.join_rules')?.content.join_rule === 'public';
      if (!created && !open && current === 'leave') throw forbidden('You are not invited to this room.');
      return;
    }
    case 'invite':
      if (membershipOf(room, sender) !== 'join') throw notInRoom(room, sender);
      if (current === 'join') throw forbidden(`${target} is already in the room.`);
      if (current === 'ban') throw badState(`${target} is banned from the room`);
      if (powerOf(room, sender) < powerFor(room, 'invite'))
        throw forbidden("You don't have permission to invite users");
      return;
    case 'leave':
      if (sender === target) {
        if (current !== 'join' && current !== 'invite') throw notInRoom(room, sender);
        return;
      }
      if (membershipOf(room, sender) !== 'join') throw notInRoom(room, sender);
      if (current === 'ban' && powerOf(room, sender) < powerFor(room, 'ban')) {
        throw forbidden(`You cannot unban user ${target}.`);
      }
      if (!outranks(room, sender, target, 'kick')) throw forbidden(`You cannot kick user ${target}.`);
      return;
    case 'ban':
      if (membershipOf(room, sender) !== 'join') throw notInRoom(room, sender);
      if (!outranks(room, sender, target, 'ban')) throw forbidden("You don't have permission to ban");
      return;
    default:
      throw forbidden('Unknown membership');
  }
}

function outranks(room: Room, sender: string, target: string, action: 'kick' | 'ban'): boolean {
  const own = powerOf(room, sender);
  return own >= powerFor(room, action) && own > powerOf(room, target);
}

/** 403 for those who are not joined. */
export function notInRoom(room: Room, userId: string): Error {
  return forbidden(`User ${userId} not in room ${room.id}`);
}

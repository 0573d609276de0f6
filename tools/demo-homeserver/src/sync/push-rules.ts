import type { User } from '../accounts.ts';
import type { Json, JsonObject } from '../json.ts';

const SOUND: Json = { set_tweak: 'sound', value: 'default' };
const HIGHLIGHT: Json = { set_tweak: 'highlight' };
const NO_HIGHLIGHT: Json = { set_tweak: 'highlight', value: false };

const is = (key: string, pattern: string): Json => ({ kind: 'event_match', key, pattern });
const TWO_MEMBERS: Json = { kind: 'room_member_count', is: '2' };
const MAY_NOTIFY_ROOM: Json = { kind: 'sender_notification_permission', key: 'room' };

/** A user's push rules. */
export interface PushRules {
  /** By kind, in the order in which they are tried. */
  readonly rules: ReadonlyMap<string, JsonObject[]>;
  /** Stream position of the latest change; 0 before the first. */
  position: number;
}

/** The push rules that a user begins with. */
export function createPushRules(user: Pick<User, 'id' | 'localpart'>): PushRules {
  return { rules: new Map(Object.entries(predefinedRules(user))), position: 0 };
}

/** A user's push rules as the account data that clients get them by. */
export function pushRuleEvent({ pushRules: { rules } }: User): {
  readonly type: string;
  readonly content: JsonObject;
} {
  return { type: 'm.push_rules', content: { global: Object.fromEntries(rules) } };
}

/** The specification's predefined rules, in its order. */
function predefinedRules({ id, localpart }: Pick<User, 'id' | 'localpart'>): Record<string, JsonObject[]> {
  return {
    override: [
      { ...rule('.m.rule.master', [], []), enabled: false },
      rule('.m.rule.suppress_notices', [is('content.msgtype', 'm.notice')], []),
      rule(
        '.m.rule.invite_for_me',
        [is('type', 'm.room.member'), is('content.membership', 'invite'), is('state_key', id)],
        ['notify', NO_HIGHLIGHT, SOUND],
      ),
      rule('.m.rule.member_event', [is('type', 'm.room.member')], []),
      rule(
        '.m.rule.is_user_mention',
        [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: id }],
        ['notify', HIGHLIGHT, SOUND],
      ),
      rule('.m.rule.contains_display_name', [{ kind: 'contains_display_name' }], ['notify', HIGHLIGHT, SOUND]),
      rule(
        '.m.rule.is_room_mention',
        [{ kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true }, MAY_NOTIFY_ROOM],
        ['notify', HIGHLIGHT],
      ),
      rule('.m.rule.roomnotif', [MAY_NOTIFY_ROOM, is('content.body', '@room')], ['notify', HIGHLIGHT]),
      rule('.m.rule.tombstone', [is('type', 'm.room.tombstone'), is('state_key', '')], ['notify', HIGHLIGHT]),
      rule('.m.rule.reaction', [is('type', 'm.reaction')], []),
      rule('.m.rule.room.server_acl', [is('type', 'm.room.server_acl'), is('state_key', '')], []),
      rule(
        '.m.rule.suppress_edits',
        [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
        [],
      ),
    ],
    content: [
      {
        rule_id: '.m.rule.contains_user_name',
        default: true,
        enabled: true,
        pattern: localpart,
        actions: ['notify', HIGHLIGHT, SOUND],
      },
    ],
    room: [],
    sender: [],
    underride: [
      rule(
        '.m.rule.call',
        [is('type', 'm.call.invite')],
        ['notify', { set_tweak: 'sound', value: 'ring' }, NO_HIGHLIGHT],
      ),
      rule(
        '.m.rule.encrypted_room_one_to_one',
        [is('type', 'm.room.encrypted'), TWO_MEMBERS],
        ['notify', SOUND, NO_HIGHLIGHT],
      ),
      rule('.m.rule.room_one_to_one', [is('type', 'm.room.message'), TWO_MEMBERS], ['notify', SOUND, NO_HIGHLIGHT]),
      rule('.m.rule.message', [is('type', 'm.room.message')], ['notify', NO_HIGHLIGHT]),
      rule('.m.rule.encrypted', [is('type', 'm.room.encrypted')], ['notify', NO_HIGHLIGHT]),
    ],
  };
}

function rule(ruleId: string, conditions: readonly Json[], actions: readonly Json[]): JsonObject {
  return { rule_id: ruleId, default: true, enabled: true, conditions, actions };
}

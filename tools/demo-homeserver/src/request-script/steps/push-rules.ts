import type { Step } from '../step.ts';

/** Changing push rules. Captures `ida`, to whom nothing else happens. Uses `den`. */
export const pushRuleSteps: readonly Step[] = [
  {
    name: 'ida registers, to have rules of her own',
    request: 'POST /v3/register',
    body: { username: 'ida_{run}', password: 'x-{run}', auth: { type: 'm.login.dummy' } },
    capture: { ida: '/access_token', ida_id: '/user_id' },
  },
  {
    name: 'ida looks around before she changes rules',
    request: 'GET /v3/sync?timeout=0',
    as: 'ida',
    capture: { rules_since: '/next_batch' },
  },
  {
    name: 'a room is muted',
    request: 'PUT /v3/pushrules/global/room/{den}',
    as: 'ida',
    body: { actions: [] },
  },
  {
    name: 'her client hears of it',
    request: 'GET /v3/sync?timeout=20000&since={rules_since}',
    as: 'ida',
    values: { '/account_data/events/*/type': ['m.push_rules'] },
  },
  {
    name: 'a rule is read back',
    request: 'GET /v3/pushrules/global/room/{den}',
    as: 'ida',
    values: { '/rule_id': '{den}', '/default': false, '/enabled': true, '/actions': [] },
  },
  {
    name: 'a word is listened for',
    request: 'PUT /v3/pushrules/global/content/tea',
    as: 'ida',
    body: { pattern: 'tea', actions: ['notify'] },
  },
  {
    name: 'a rule is switched off',
    request: 'PUT /v3/pushrules/global/content/tea/enabled',
    as: 'ida',
    body: { enabled: false },
  },
  {
    name: 'it is off',
    request: 'GET /v3/pushrules/global/content/tea/enabled',
    as: 'ida',
    values: { '': { enabled: false } },
  },
  {
    name: 'a predefined rule does something else',
    request: 'PUT /v3/pushrules/global/underride/.m.rule.message/actions',
    as: 'ida',
    body: { actions: [] },
  },
  {
    name: 'it does',
    request: 'GET /v3/pushrules/global/underride/.m.rule.message/actions',
    as: 'ida',
    values: { '': { actions: [] } },
  },
  {
    name: 'rules have actions',
    request: 'PUT /v3/pushrules/global/room/{den}',
    as: 'ida',
    body: {},
    status: 400,
    errcode: 'M_UNKNOWN',
  },
  {
    name: 'predefined rules are not added to',
    request: 'PUT /v3/pushrules/global/override/.m.rule.mine',
    as: 'ida',
    body: { actions: [], conditions: [] },
    status: 400,
    errcode: 'M_UNKNOWN',
  },
  { name: 'a rule is removed', request: 'DELETE /v3/pushrules/global/room/{den}', as: 'ida' },
  {
    name: 'and is gone',
    request: 'GET /v3/pushrules/global/room/{den}',
    as: 'ida',
    status: 404,
    errcode: 'M_NOT_FOUND',
  },
  {
    name: 'a rule that is not there is not removed',
    request: 'DELETE /v3/pushrules/global/room/{den}',
    as: 'ida',
    status: 404,
    errcode: 'M_NOT_FOUND',
  },
  { name: 'all rules keep their shape', request: 'GET /v3/pushrules/', as: 'ida' },
];

import type { User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { MatrixError, notFound } from '../matrix-error.ts';
import { pushRuleEvent } from '../sync/push-rules.ts';

const RULE = '/pushrules/global/:kind/:ruleId';

/** Push rules, which decide what clients notify of. */
export const pushRuleRoutes: readonly Route[] = [
  authorised('GET /pushrules/', (_request, _homeserver, { user }) => pushRuleEvent(user).content),
  authorised('GET /pushrules/global/', (_request, _homeserver, { user }) => Object.fromEntries(user.pushRules.rules)),
  authorised(`GET ${RULE}`, (request, _homeserver, { user }) => findRule(request, user).rule),
  authorised(`PUT ${RULE}`, put),
  authorised(`DELETE ${RULE}`, (request, homeserver, { user }) => {
    const { rules, rule } = findRule(request, user);
    if (rule.default === true) throw notFound('Not found');
    rules.splice(rules.indexOf(rule), 1);
    return changed(homeserver, user);
  }),
  ...(['enabled', 'actions'] as const).flatMap((attribute) => [
    authorised(`GET ${RULE}/${attribute}`, (request, _homeserver, { user }) => ({
      [attribute]: findRule(request, user).rule[attribute] ?? null,
    })),
    authorised(`PUT ${RULE}/${attribute}`, (request, homeserver, { user }) => {
      const value = jsonBody(request)[attribute];
      const isRight = attribute === 'enabled' ? typeof value === 'boolean' : isArray(value);
      if (!isRight || value === undefined) throw invalid(`Invalid ${attribute}`);
      const { rules, rule } = findRule(request, user);
      rules[rules.indexOf(rule)] = { ...rule, [attribute]: value };
      return changed(homeserver, user);
    }),
  ]),
];

function put(request: ClientRequest, homeserver: Homeserver, { user }: { readonly user: User }): Json {
  const rules = rulesOf(request, user);
  const ruleId = param(request, 'ruleId');
  const { actions, conditions, pattern } = jsonBody(request);
  if (ruleId.startsWith('.')) throw invalid("cannot add new rule_ids that start with '.'");
  if (!isArray(actions)) throw invalid('No actions found');
  const rule = { rule_id: ruleId, default: false, enabled: true, actions, ...matching(request, conditions, pattern) };
  const index = rules.findIndex((known) => known.rule_id === ruleId);
  // New rules stand before all others of their kind.
  if (index < 0) rules.unshift(rule);
  else rules[index] = rule;
  return changed(homeserver, user);
}

/** What a rule of a kind matches: conditions, a pattern, or what its id says. */
function matching(request: ClientRequest, conditions: Json | undefined, pattern: Json | undefined): JsonObject {
  switch (param(request, 'kind')) {
    case 'override':
    case 'underride':
      if (!isArray(conditions) || !conditions.every(isCondition)) throw invalid("Missing 'conditions'");
      return { conditions };
    case 'content':
      if (typeof pattern !== 'string') throw invalid("Content rule missing 'pattern'");
      return { pattern };
    default:
      return {};
  }
}

function isCondition(condition: Json): boolean {
  return isObject(condition) && condition.kind !== undefined;
}

function rulesOf(request: ClientRequest, { pushRules }: User): JsonObject[] {
  const rules = pushRules.rules.get(param(request, 'kind'));
  if (rules === undefined) throw invalid('Unknown template');
  return rules;
}

function findRule(request: ClientRequest, user: User): { readonly rules: JsonObject[]; readonly rule: JsonObject } {
  const rules = rulesOf(request, user);
  const rule = rules.find((candidate) => candidate.rule_id === param(request, 'ruleId'));
  if (rule === undefined) throw notFound('Not found');
  return { rules, rule };
}

function changed({ stream }: Homeserver, user: User): Json {
  user.pushRules.position = stream.advance([user.id]);
  return {};
}

function invalid(message: string): MatrixError {
  return new MatrixError(400, 'M_UNKNOWN', message);
}

import type { Step } from '../step.ts';

/** Names and avatars, before anybody is in a room. */
export const profileSteps: readonly Step[] = [
  {
    name: 'a name is there from the start',
    request: 'GET /v3/profile/{alice_id}/displayname',
    values: { '/displayname': 'alice_{run}' },
  },
  {
    name: 'an avatar is not',
    request: 'GET /v3/profile/{alice_id}/avatar_url',
    values: { '/avatar_url': undefined },
  },
  {
    name: 'alice takes a name',
    request: 'PUT /v3/profile/{alice_id}/displayname',
    as: 'alice',
    body: { displayname: 'Alice' },
  },
  {
    name: 'alice takes an avatar',
    request: 'PUT /v3/profile/{alice_id}/avatar_url',
    as: 'alice',
    body: { avatar_url: 'mxc://localhost/rabbit' },
  },
  {
    name: 'the whole profile is shown',
    request: 'GET /v3/profile/{alice_id}',
    values: { '/displayname': 'Alice', '/avatar_url': 'mxc://localhost/rabbit' },
  },
  {
    name: 'an unknown user has no profile',
    request: 'GET /v3/profile/@nobody_{run}:localhost',
    status: 404,
    errcode: 'M_UNKNOWN',
  },
  {
    name: "another's name is not ours to set",
    request: 'PUT /v3/profile/{alice_id}/displayname',
    as: 'bob',
    body: { displayname: 'Mallory' },
    status: 400,
    errcode: 'M_FORBIDDEN',
  },
  {
    name: 'a profile needs a body with the field',
    request: 'PUT /v3/profile/{alice_id}/displayname',
    as: 'alice',
    body: {},
    status: 400,
    errcode: 'M_MISSING_PARAM',
  },
  {
    name: 'a name is a string',
    request: 'PUT /v3/profile/{alice_id}/displayname',
    as: 'alice',
    body: { displayname: 7 },
    status: 400,
    errcode: 'M_INVALID_PARAM',
  },
  {
    name: 'a name needs a token',
    request: 'PUT /v3/profile/{alice_id}/displayname',
    body: { displayname: 'Mallory' },
    status: 401,
    errcode: 'M_MISSING_TOKEN',
  },
];

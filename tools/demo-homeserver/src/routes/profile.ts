import type { Profile, User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, param } from '../http/client-request.ts';
import { authorised, open, type Route } from '../http/route.ts';
import { invalidParam, MatrixError } from '../matrix-error.ts';
import { spreadProfile } from '../room/membership.ts';

/** Names and avatars. */
export const profileRoutes: readonly Route[] = [
  open('GET /profile/:userId', (request, homeserver) => ({ ...profileOf(request, homeserver) })),
  ...fieldRoutes('displayname'),
  ...fieldRoutes('avatar_url'),
];

function fieldRoutes(field: keyof Profile): Route[] {
  return [
    open(`GET /profile/:userId/${field}`, (request, homeserver) => {
      const value = profileOf(request, homeserver)[field];
      return value === undefined ? {} : { [field]: value };
    }),
    authorised(`PUT /profile/:userId/${field}`, (request, homeserver, { user }) => {
      if (param(request, 'userId') !== user.id) {
        throw new MatrixError(400, 'M_FORBIDDEN', `Cannot set another user's ${field}`);
      }
      setField(user, field, request);
      spreadProfile(homeserver, user);
      return {};
    }),
  ];
}

/** An empty text takes the field away. */
function setField({ profile }: User, field: keyof Profile, request: ClientRequest): void {
  const value = jsonBody(request)[field];
  if (value === undefined) throw new MatrixError(400, 'M_MISSING_PARAM', `Missing key '${field}'`);
  if (typeof value !== 'string') throw invalidParam(`'${field}' must be a string`);
  if (value === '') delete profile[field];
  else profile[field] = value;
}

function profileOf(request: ClientRequest, { accounts }: Homeserver): Profile {
  const user = accounts.users.get(param(request, 'userId'));
  // Synapse's code; the specification has M_NOT_FOUND.
  if (user === undefined) throw new MatrixError(404, 'M_UNKNOWN', 'No row found (profiles)');
  return user.profile;
}

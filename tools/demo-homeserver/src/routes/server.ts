import { authorised, open, type Route } from '../http/route.ts';
import { ROOM_VERSION } from '../room/create-room.ts';

/** What the homeserver says about itself. */
export const serverRoutes: readonly Route[] = [
  open(
    'GET /versions',
    () => ({ versions: ['r0.6.1', 'v1.1', 'v1.2', 'v1.3', 'v1.4', 'v1.5'], unstable_features: {} }),
    '/_matrix/client',
  ),
  open('GET /.well-known/matrix/client', (_, { baseUrl }) => ({ 'm.homeserver': { base_url: `${baseUrl}/` } }), ''),
  authorised('GET /capabilities', () => ({
    capabilities: {
      'm.room_versions': { default: ROOM_VERSION, available: { [ROOM_VERSION]: 'stable' } },
      'm.change_password': { enabled: false },
      'm.set_displayname': { enabled: true },
      'm.set_avatar_url': { enabled: true },
      'm.3pid_changes': { enabled: false },
      'm.get_login_token': { enabled: false },
    },
  })),
  authorised('GET /pushers', () => ({ pushers: [] })),
  // Presence is off, as on a Synapse that is told so: what clients set is taken and told to nobody.
  authorised('PUT /presence/:userId/status', () => ({})),
  authorised('GET /presence/:userId/status', () => ({ presence: 'offline' })),
];

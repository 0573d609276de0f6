import type { Route } from '../http/route.ts';
import { accountDataRoutes } from './account-data.ts';
import { deviceRoutes } from './devices.ts';
import { directoryRoutes } from './directory.ts';
import { ephemeralRoutes } from './ephemeral.ts';
import { eventRoutes } from './events.ts';
import { loginRoutes } from './login.ts';
import { memberRoutes } from './members.ts';
import { membershipRoutes } from './membership.ts';
import { messageRoutes } from './messages.ts';
import { profileRoutes } from './profile.ts';
import { registrationRoutes } from './registration.ts';
import { serverRoutes } from './server.ts';
import { syncRoutes } from './sync.ts';

/** Every endpoint of the demo homeserver. */
export const routes: readonly Route[] = [
  ...serverRoutes,
  ...registrationRoutes,
  ...loginRoutes,
  ...deviceRoutes,
  ...profileRoutes,
  ...membershipRoutes,
  ...memberRoutes,
  ...directoryRoutes,
  ...eventRoutes,
  ...messageRoutes,
  ...ephemeralRoutes,
  ...accountDataRoutes,
  ...syncRoutes,
];

import type { Route } from '../http/route.ts';
import { accountDataRoutes } from './account-data.ts';
import { crossSigningRoutes } from './cross-signing.ts';
import { deviceRoutes } from './devices.ts';
import { directoryRoutes } from './directory.ts';
import { ephemeralRoutes } from './ephemeral.ts';
import { eventRoutes } from './events.ts';
import { keyBackupRoutes } from './key-backup.ts';
import { keyRoutes } from './keys.ts';
import { loginRoutes } from './login.ts';
import { memberRoutes } from './members.ts';
import { membershipRoutes } from './membership.ts';
import { messageRoutes } from './messages.ts';
import { profileRoutes } from './profile.ts';
import { pushRuleRoutes } from './push-rules.ts';
import { registrationRoutes } from './registration.ts';
import { relationRoutes } from './relations.ts';
import { serverRoutes } from './server.ts';
import { syncRoutes } from './sync.ts';
import { toDeviceRoutes } from './to-device.ts';

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
  ...relationRoutes,
  ...ephemeralRoutes,
  ...accountDataRoutes,
  ...pushRuleRoutes,
  ...syncRoutes,
  ...toDeviceRoutes,
  ...keyRoutes,
  ...crossSigningRoutes,
  ...keyBackupRoutes,
];

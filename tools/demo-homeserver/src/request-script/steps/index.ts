import type { Step } from '../step.ts';
import { deviceSteps } from './devices.ts';
import { discoverySteps } from './discovery.ts';
import { encryptionSteps } from './encryption.ts';
import { keyBackupSteps } from './key-backup.ts';
import { membershipSteps } from './membership.ts';
import { messageSteps } from './messages.ts';
import { profileSteps } from './profile.ts';
import { pushRuleSteps } from './push-rules.ts';
import { registrationSteps } from './registration.ts';
import { relationSteps } from './relations.ts';
import { roomSteps } from './rooms.ts';
import { sessionSteps } from './session.ts';
import { syncSteps } from './sync.ts';

/** The whole script; a later part uses what an earlier one captured. */
export const requestScript: readonly Step[] = [
  ...discoverySteps,
  ...registrationSteps,
  ...sessionSteps,
  ...profileSteps,
  ...roomSteps,
  ...membershipSteps,
  ...messageSteps,
  ...syncSteps,
  ...encryptionSteps,
  ...keyBackupSteps,
  ...relationSteps,
  ...deviceSteps,
  ...pushRuleSteps,
];

import type { Allowance } from '@lb-matrix/demo-homeserver/request-script';

/** Where the demo homeserver's answers may differ from Synapse's, and why. Whatever is not here must be the same. */
export const DEMO_ALLOWANCES: readonly Allowance[] = [
  { path: /^\/(versions|unstable_features|capabilities)\b/, why: 'the demo knows fewer versions and features' },
  { path: /^\/flows\[m\.login\.application_service\]/, why: 'the demo has no application services' },
  { path: /^\/device_lists$/, why: 'the demo has no keys of devices' },
  { path: /\/global\/underride\[\.im\.vector\.jitsi\]/, why: "a rule of Synapse's own" },
  { path: /\/global\/postcontent$/, why: "a kind of rule of Synapse's own" },
  {
    path: /^(\/chunk)?(\[[^\]]*\])?\/(age|user_id|prev_content|replaces_state)$/,
    why: 'Synapse repeats the fields of an older event format outside /sync',
  },
  {
    path: /^\[[^\]]*\]\/unsigned\/prev_(content|sender)$/,
    why: 'Synapse adds them to state only if the event comes from its database',
  },
];

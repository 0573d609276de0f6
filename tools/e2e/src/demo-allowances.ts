import type { Allowance } from '@lb-matrix/demo-homeserver/request-script';

/** Where the demo homeserver's answers may differ from Synapse's, and why. Whatever is not here must be the same. */
export const DEMO_ALLOWANCES: readonly Allowance[] = [
  {
    difference: /^\/(versions\[|unstable_features\/|capabilities\/).*: absent, there/,
    why: 'the demo knows fewer versions and features',
  },
  { difference: /^\/flows\[m\.login\.application_service\]: absent/, why: 'the demo has no application services' },
  { difference: /\/global\/underride\[\.im\.vector\.jitsi\]: absent/, why: "a rule of Synapse's own" },
  { difference: /\/global\/postcontent: absent/, why: "a kind of rule of Synapse's own" },
  {
    difference:
      /^(\/(chunk|state|event|events_(before|after)))?(\[[^\]]*\])?(\/unsigned\/(redacted_because|m\.relations\/(m\.replace|m\.thread\/latest_event)))?\/(age|user_id|prev_content|replaces_state|redacted_because): absent/,
    why: 'Synapse repeats the fields of an older event format outside /sync',
  },
  {
    difference: /^(\/state)?\[[^\]]*\]\/unsigned\/prev_(content|sender): \w+, there absent/,
    why: 'Synapse adds them to state only if the event comes from its database',
  },
  {
    difference: /\/unsigned\/redacted_by: absent/,
    why: 'Synapse has a word of its own for what redacted_because says',
  },
  {
    difference: /^\/chunk.*\/unsigned\/transaction_id: string, there absent/,
    why: 'Synapse does not tell in the list of threads what sent them',
  },
];

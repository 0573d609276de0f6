/**
 * How a body may be compressed. `parts`: in several streams, none of which has both what one person can write and what
 * another's secret is. `once`: in a single stream what would be `parts`, for an answer that nobody can have repeated at will.
 */
export type CompressionRule = 'never' | 'whole' | 'parts' | 'once';

/** What may be compressed of one endpoint: its requests, the bodies of its 2xx answers. */
export interface Compressible {
  readonly request: CompressionRule;
  readonly response: CompressionRule;
}

/**
 * Everything that may be compressed, by method and by path behind `/_matrix/client/<version>/` (`*` is one segment). In
 * none of these bodies does the text of one person stand beside a secret of another: docs/security.md. What is not here,
 * and what nobody has thought of yet, is not compressed.
 */
const ALLOWED: readonly (readonly [methods: string, paths: readonly string[], rule: Compressible])[] = [
  [
    'GET POST PUT DELETE',
    [
      'rooms/*/send/*/*',
      'rooms/*/state',
      'rooms/*/state/*',
      'rooms/*/state/*/*',
      'rooms/*/event/*',
      'rooms/*/context/*',
      'rooms/*/messages',
      'rooms/*/members',
      'rooms/*/joined_members',
      'rooms/*/redact/*/*',
      'rooms/*/relations/*',
      'rooms/*/relations/*/*',
      'rooms/*/relations/*/*/*',
      'rooms/*/threads',
      'rooms/*/timestamp_to_event',
      'rooms/*/typing/*',
      'rooms/*/receipt/*/*',
      'rooms/*/read_markers',
      'rooms/*/invite',
      'rooms/*/join',
      'rooms/*/leave',
      'rooms/*/forget',
      'rooms/*/kick',
      'rooms/*/ban',
      'rooms/*/unban',
      'rooms/*/upgrade',
      'rooms/*/aliases',
      'createRoom',
      'join/*',
      'knock/*',
      'directory/room/*',
      'user/*/filter',
      'user/*/filter/*',
      'user/*/account_data/*',
      'user/*/rooms/*/account_data/*',
      'user/*/rooms/*/tags',
      'user/*/rooms/*/tags/*',
      'profile/*',
      'profile/*/*',
      'presence/*/status',
      'sendToDevice/*/*',
      'keys/upload',
      'keys/query',
      'keys/claim',
      'keys/signatures/upload',
      'pushrules/',
      'pushrules/global/',
      'pushrules/global/*/*',
      'pushrules/global/*/*/*',
      'capabilities',
      'devices',
      'devices/*',
    ],
    { request: 'whole', response: 'whole' },
  ],
  ['GET', ['sync'], { request: 'never', response: 'parts' }],
  ['POST', ['org.matrix.simplified_msc3575/sync'], { request: 'whole', response: 'parts' }],
];

const NEVER: Compressible = { request: 'never', response: 'never' };
const VERSIONS: Compressible = { request: 'never', response: 'whole' };
const PREFIX = /^\/_matrix\/client\/(?:r0|v1|v3|v4|unstable)\//;

const PATTERNS = ALLOWED.map(([methods, paths, rule]) => ({
  methods: methods.split(' '),
  pattern: new RegExp(`^(?:${paths.map((path) => path.replaceAll('.', '\\.').replaceAll('*', '[^/]+')).join('|')})$`),
  rule,
}));

/** What may be compressed of a request with this method and target. */
export function compressible(method: string, target: string): Compressible {
  const path = target.split('?', 1)[0]!;
  if (path === '/_matrix/client/versions') return VERSIONS;
  const prefix = PREFIX.exec(path)?.[0];
  if (prefix === undefined) return NEVER;
  // Sliding sync once it is stable.
  const rest =
    prefix.endsWith('/v4/') && path.endsWith('/v4/sync')
      ? 'org.matrix.simplified_msc3575/sync'
      : path.slice(prefix.length);
  return PATTERNS.find(({ methods, pattern }) => methods.includes(method) && pattern.test(rest))?.rule ?? NEVER;
}

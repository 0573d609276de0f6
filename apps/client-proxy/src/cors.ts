/** What the Matrix specification wants on every answer ("Web Browser Clients"), so that browsers may use the API from anywhere. */
export const CORS_HEADERS: readonly (readonly [string, string])[] = [
  ['access-control-allow-origin', '*'],
  ['access-control-allow-methods', 'GET, POST, PUT, DELETE, OPTIONS'],
  ['access-control-allow-headers', 'X-Requested-With, Content-Type, Authorization'],
];

/** Headers of the homeserver with ours in place of what it says about CORS. */
export function withCors(headers: readonly (readonly [string, string])[]): [string, string][] {
  const others = headers.filter(([name]) => !CORS_NAMES.has(name.toLowerCase()));
  return [...others, ...CORS_HEADERS].map(([name, value]) => [name, value]);
}

const CORS_NAMES: ReadonlySet<string> = new Set(CORS_HEADERS.map(([name]) => name));

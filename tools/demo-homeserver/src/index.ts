export type { Clock } from './clock.ts';
export type { RateLimit } from './rate-limit.ts';
export { type DemoHomeserver, type DemoHomeserverOptions, startDemoHomeserver } from './server.ts';

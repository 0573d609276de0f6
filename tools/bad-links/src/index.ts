export { appCases, type Case, TRANSFERS } from './cases.ts';
export type { Answers } from './homeserver.ts';
export { BROADBAND, type LinkShape, LOSSY, LOSSY_BROADBAND, RADIO } from './links.ts';
export { ALL_CASES, type Summary, summarize } from './measure.ts';
export type { Peer } from './peer.ts';
export { median, quantile } from './statistics.ts';

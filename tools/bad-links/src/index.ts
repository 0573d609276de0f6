export { type Ask, loginAndSync, PERSON, type Person, SYNC_QUERY, sendMessage } from './asking.ts';
export { type BulkClient, bulkClient, bulkHandler } from './bulk.ts';
export { answeringHomeserver, recordedAnswers } from './homeserver.ts';
export { BROADBAND, type LinkShape, LOSSY, LOSSY_BROADBAND, RADIO } from './links.ts';
export { ALL_CASES, OUR_CASES, type Summary, summarize } from './measure.ts';
export { median, quantile } from './statistics.ts';

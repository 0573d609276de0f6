export { type Allowance, type Comparison, compareTranscripts } from './compare.ts';
export { fetchRequest } from './fetch-request.ts';
export {
  type Exchange,
  runScript,
  type ScriptRequest,
  type ScriptResponse,
  type SendRequest,
  type Transcript,
} from './run.ts';
export type { Step } from './step.ts';
export { requestScript } from './steps/index.ts';
export { rateLimitScript } from './steps/rate-limit.ts';

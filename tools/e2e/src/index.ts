export { type Synapse, startSynapse } from './synapse.ts';
export { RATE_LIMIT } from './synapse-config.ts';

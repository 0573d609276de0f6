export { arrived, send } from './act.ts';
export { type App, type AppOptions, openApp, register } from './app.ts';
export { type BothWays, bothWays } from './both-ways.ts';
export { type LowBandwidth, type LowBandwidthOptions, lowBandwidth } from './low-bandwidth.ts';
export { type EventOutcome, eventsOf, type Outcome, type RoomOutcome } from './outcome.ts';
export { ENCRYPTION, meet, type Stage, tellStory } from './story.ts';
export { until } from './until.ts';

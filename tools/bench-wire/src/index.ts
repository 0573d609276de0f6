export { measureCold } from './cold.ts';
export type { Forms } from './forms.ts';
export { measureWire } from './measure.ts';
export type { Measurement } from './measurement.ts';
export type { Flow, Traffic } from './relay.ts';
export { type Figures, figuresOf, formatTable, type Range } from './report.ts';
export { measureSession, type SessionName } from './session.ts';
export { type Idle, measureSync } from './sync.ts';

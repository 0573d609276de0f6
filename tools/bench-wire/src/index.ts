export { type Measurement, measureWire } from './measure.ts';
export type { Flow, Traffic } from './relay.ts';
export { type Figures, figuresOf, formatTable, type Range } from './report.ts';

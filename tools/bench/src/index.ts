export { type Figure, median } from './figure.ts';
export { type MeasuredServer, startMeasuredServer } from './measured-server.ts';
export { reportCpu } from './report-cpu.ts';

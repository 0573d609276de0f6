export { type Figure, median } from './figure.ts';
export { canMeasureProcesses, type MeasuredProcess, startMeasuredProcess } from './measured-process.ts';
export { type MeasuredServer, startMeasuredServer } from './measured-server.ts';
export { reportCpu } from './report-cpu.ts';

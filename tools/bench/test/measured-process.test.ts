import { expect, onTestFinished, test, vi } from 'vitest';
import { canMeasureProcesses, startMeasuredProcess } from '../src/measured-process.ts';

// /proc is Linux's.
test.skipIf(!canMeasureProcesses)(
  'a program is measured from outside: its CPU time and its memory',
  async () => {
    const script =
      'const kept = Buffer.alloc(100e6, 1); while (process.cpuUsage().user < 3e5); setInterval(() => kept, 1e3)';
    const program = startMeasuredProcess(process.execPath, ['-e', script]);
    onTestFinished(() => program.stop());
    await vi.waitFor(() => expect(program.usage().cpu).toBeGreaterThanOrEqual(300_000), { timeout: 20_000 });
    const { cpu, rss } = program.usage();
    // What the script has used, and what Node needs to start and to end the loop.
    expect(cpu).toBeLessThan(2_000_000);
    expect(rss).toBeGreaterThan(100e6);
    expect(rss).toBeLessThan(400e6);
  },
  30_000,
);

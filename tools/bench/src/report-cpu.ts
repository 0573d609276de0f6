import { createInterface } from 'node:readline';

/**
 * The server's side of a measurement: prints the port, then for each line of stdin the CPU time that this process has used, in
 * microseconds, and its RSS in bytes. Ends the process when stdin ends.
 */
export function reportCpu(port: number): void {
  console.log(JSON.stringify({ port }));
  const lines = createInterface({ input: process.stdin });
  lines.on('line', () => {
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ cpu: user + system, rss: process.memoryUsage.rss() }));
  });
  lines.on('close', () => process.exit(0));
}

import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureProgram } from './install.ts';
import { startPeer } from './process.ts';

/** How to start tshark. */
export interface Tshark {
  readonly command: readonly [program: string, ...args: string[]];
  /** Where its file system begins. */
  readonly root: string;
}

/** A session as others see it. */
interface Observed {
  /** Our key log. */
  readonly keys: string;
  /** What tshark shows of the session with that key log, in full. */
  readonly shown: string;
}

const END = 'the end of what is captured';

/** Captures what is said with the UDP port on loopback (that takes root), and has tshark decrypt it with the lines given to `keyLog`. */
export async function observe(
  { command: [program, ...args], root }: Tshark,
  port: number,
  application: 'coap' | 'data',
  talk: (keyLog: (line: string) => void) => Promise<void>,
): Promise<Observed> {
  ensureProgram('tcpdump', 'tcpdump');
  const dir = mkdtempSync(join(root, 'tmp', 'lbm-tshark-'));
  const [capture, keys] = [join(dir, 'x.pcap'), join(dir, 'x.keys')];
  writeFileSync(keys, '');
  const marker = createSocket('udp4').bind(0, '127.0.0.1');
  await once(marker, 'listening');
  const tcpdump = startPeer('tcpdump', [
    // The longer a packet may be, the fewer it holds at once, and drops the others.
    ...['--immediate-mode', '-s', '2048', '-n', '-Z', 'root', '-i', 'lo', '-U', '-w', capture],
    `udp port ${port} or udp port ${marker.address().port}`,
  ]);
  try {
    await tcpdump.waitFor(/listening on/);
    await talk((line) => writeFileSync(keys, `${line}\n`, { flag: 'a' }));
    // tcpdump is behind, and drops what it has not read yet when it is stopped: this is the last that it has to read.
    marker.send(END, marker.address().port, '127.0.0.1');
    while (!readFileSync(capture).includes(END)) await sleep(10);
  } finally {
    marker.close();
    await tcpdump.stop('SIGINT');
  }
  const seen = (file: string): string => `/${file.slice(root.length)}`;
  const shown = execFileSync(
    program,
    [
      ...[...args, '-r', seen(capture), '-d', `udp.port==${port},dtls`, '-d', `dtls.port==${port},${application}`],
      ...['-o', `tls.keylog_file:${seen(keys)}`, '-V'],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 },
  );
  const observed = { keys: readFileSync(keys, 'utf8'), shown };
  rmSync(dir, { recursive: true });
  return observed;
}

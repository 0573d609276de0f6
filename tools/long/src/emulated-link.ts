import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LinkShape } from '@lb-matrix/bad-links';
import { freeUdpPort } from '@lb-matrix/interop/free-port';
import { type Peer, startPeer } from '@lb-matrix/interop/process';

/** A link on this machine, with servers that listen on all addresses at one end. */
export interface EmulatedLink {
  /** Where clients find the servers. */
  readonly host: string;
  /** Whether TCP passes too. */
  readonly carriesTcp: boolean;
  /** The UDP port for clients of a server's. */
  portOf(server: number): Promise<number>;
  /** Runs a program at the clients' end and resolves with what it prints. Rejects when it fails. */
  run(program: string, args: readonly string[], timeout: number): Promise<string>;
  close(): Promise<void>;
}

/** Why there is no link for TCP here; `undefined` when there may be one. */
export function whyNoTun(): string | undefined {
  if (process.getuid?.() !== 0) return 'a TUN device takes root';
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun is missing';
  return ['/sbin/ip', '/usr/sbin/ip', '/bin/ip'].some(existsSync) ? undefined : 'iproute2 is missing';
}

/** At IP level where that can be, else a relay for UDP. */
export function openEmulatedLink(shape: LinkShape, seed: number): Promise<EmulatedLink> {
  return whyNoTun() === undefined ? openTunLink(shape, seed) : openRelayLink(shape, seed);
}

let opened = 0;

async function openTunLink(shape: LinkShape, seed: number): Promise<EmulatedLink> {
  // The devices' names have 15 characters at most.
  const name = `lb${process.pid}-${opened++ % 100}`;
  const emulator = await startEmulator('tun_link.py', ['--name', name, ...flagsOf(shape, seed)]);
  return {
    host: '10.99.0.2',
    carriesTcp: true,
    portOf: async (server) => server,
    run: (program, args, timeout) => run('ip', ['netns', 'exec', name, program, ...args], timeout),
    close: () => emulator.stop(),
  };
}

async function openRelayLink(shape: LinkShape, seed: number): Promise<EmulatedLink> {
  const relays: Peer[] = [];
  return {
    host: '127.0.0.1',
    carriesTcp: false,
    async portOf(server) {
      const port = await freeUdpPort();
      const ends = ['--listen', `127.0.0.1:${port}`, '--target', `127.0.0.1:${server}`];
      relays.push(await startEmulator('udp_relay.py', [...ends, ...flagsOf(shape, seed)]));
      return port;
    },
    run,
    async close() {
      for (const relay of relays) await relay.stop();
    },
  };
}

async function startEmulator(script: string, flags: readonly string[]): Promise<Peer> {
  const path = fileURLToPath(new URL(`../link/${script}`, import.meta.url));
  const emulator = startPeer('python3', ['-B', path, ...flags]);
  await emulator.waitFor(/link up/);
  return emulator;
}

function flagsOf({ up, down, loss = 0, mtu = 1500, queuePackets = 50 }: LinkShape, seed: number): string[] {
  const flags = {
    'up-rate': up?.rate ?? 0,
    'up-delay': up?.delay ?? 0,
    'down-rate': down?.rate ?? 0,
    'down-delay': down?.delay ?? 0,
    loss,
    mtu,
    'queue-packets': queuePackets,
    seed,
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function run(program: string, args: readonly string[], timeout: number): Promise<string> {
  const peer = startPeer(program, args);
  const giveUp = setTimeout(() => void peer.stop('SIGKILL'), timeout);
  const code = await peer.exited;
  clearTimeout(giveUp);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code}\n${peer.output()}`);
  return peer.output();
}

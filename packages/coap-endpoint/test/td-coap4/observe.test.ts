import { Code, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import type { CoapRequest, ObserveOptions } from '../../src/index.ts';
import type { LinkOptions } from '../support/link.ts';
import { get, path, text } from '../support/messages.ts';
import { type Bench, bench } from '../support/td-coap4.ts';

/** The ETSI test descriptions for CoAP, the OBS cases of block.yml, with our client and our server. */
const REGISTERED = [
  '> CON GET C1 T1 Observe:0 Uri-Path:obs',
  '< ACK 2.05 C1 T1 Observe:1 Content-Format:0 Max-Age:5 "0"',
];
/** The n-th notification of /obs. */
const notified = (n: number) => [
  `< CON 2.05 S${n} T1 Observe:${n + 1} Content-Format:0 Max-Age:5 "${n}"`,
  `> ACK 0.00 S${n}`,
];

interface Observing extends Bench {
  /** What the client displays. */
  readonly shown: string[];
  readonly states: AsyncIterableIterator<unknown>;
  /** Sends a request of a second client role: the same client, another resource or method. */
  ask(request: CoapRequest): Promise<void>;
}

async function observing(request: CoapRequest, options: LinkOptions & ObserveOptions = {}): Promise<Observing> {
  const all = bench(options);
  const shown: string[] = [];
  const states = all.client.observe(request, options);
  (async () => {
    for await (const { code, payload } of states) {
      shown.push(code === Code.Content ? new TextDecoder().decode(payload) : `error ${code.toString(16)}`);
    }
  })().catch((error: unknown) => shown.push(String(error)));
  await all.time.advance(1000);
  const ask = async (more: CoapRequest) => {
    await all.time.until(all.client.request(more));
    await all.time.advance(100);
  };
  return { ...all, shown, states, ask };
}

const change = (payload: string, format: number): CoapRequest => ({
  code: Code.PUT,
  options: [...path('obs'), uintOption(OptionNumber.ContentFormat, format)],
  payload: text(payload),
});

/** Lines but those of requests without Observe, and their answers. */
const pushes = (lines: string[]) => lines.filter((line) => / S\d+/.test(line));

describe('TD_COAP_OBS', () => {
  it('01 with CON messages', async () => {
    const { time, wire, shown } = await observing(get('obs'));
    await time.advance(15_000);
    expect(wire()).toEqual([...REGISTERED, ...notified(1), ...notified(2), ...notified(3)]);
    expect(shown).toEqual(['0', '1', '2', '3']);
  });

  it('02 with NON messages', async () => {
    const { time, wire, shown } = await observing({ ...get('obs-non'), confirmable: false });
    await time.advance(10_000);
    expect(wire()).toEqual([
      '> NON GET C1 T1 Observe:0 Uri-Path:obs-non',
      '< NON 2.05 S1 T1 Observe:1 Content-Format:0 Max-Age:5 "0"',
      '< NON 2.05 S2 T1 Observe:2 Content-Format:0 Max-Age:5 "1"',
      '< NON 2.05 S3 T1 Observe:3 Content-Format:0 Max-Age:5 "2"',
    ]);
    expect(shown).toEqual(['0', '1', '2']);
  });

  it('04 the client detects by Max-Age that it was deregistered', async () => {
    const { time, wire, shown, ask } = await observing(get('obs'));
    await time.advance(5000);
    expect(wire()).toEqual([...REGISTERED, ...notified(1)]);
    await ask({ code: Code.POST, options: path('obs-reset') });
    wire();
    // 5 s of Max-Age and 5 to 15 s besides, and then the next change.
    await time.advance(26_000);
    const lines = wire();
    expect(lines.slice(0, 4)).toEqual([
      '> CON GET C3 T1 Observe:0 Uri-Path:obs',
      '< ACK 2.05 C3 T1 Observe:3 Content-Format:0 Max-Age:5 "1"',
      '< CON 2.05 S2 T1 Observe:4 Content-Format:0 Max-Age:5 "2"',
      '> ACK 0.00 S2',
    ]);
    expect(shown.slice(0, 4)).toEqual(['0', '1', '1', '2']);
  });

  it('05 the server detects that the client is off', async () => {
    let off = false;
    const { time, wire } = await observing(get('obs'), { drop: () => off });
    await time.advance(5000);
    wire();
    off = true;
    await time.advance(200_000);
    const lines = pushes(wire());
    // A notification and four retransmissions, each with a new Observe value; the state is always the latest.
    expect(lines).toHaveLength(5);
    const values = lines.map((line) => Number(/Observe:(\d+)/.exec(line)![1]));
    expect(values).toEqual([3, 4, 5, 6, 7]);
    const states = lines.map((line) => Number(/"(\d+)"/.exec(line)![1]));
    expect(states).toEqual([...states].sort((a, b) => a - b));
    expect(states.at(-1)).toBeGreaterThan(states[0]!);
  });

  it('06 the server detects that the client has forgotten', async () => {
    const { time, wire, shown, states } = await observing(get('obs'), { forget: true });
    await time.advance(5000);
    wire();
    await states.return?.();
    await time.advance(60_000);
    expect(wire()).toEqual(['< CON 2.05 S2 T1 Observe:3 Content-Format:0 Max-Age:5 "2"', '> RST 0.00 S2']);
    expect(shown).toEqual(['0', '1']);
  });

  it('07 the server clears the list when the resource is deleted', async () => {
    const { time, wire, shown, ask } = await observing(get('obs'));
    await time.advance(5000);
    wire();
    await ask({ code: Code.DELETE, options: path('obs') });
    await time.advance(60_000);
    expect(pushes(wire())).toEqual(['< CON 4.04 S2 T1', '> ACK 0.00 S2']);
    expect(shown).toEqual(['0', '1', 'error 84']);
  });

  it('08 the server clears the list when the Content-Format changes', async () => {
    const { time, wire, shown, ask } = await observing(get('obs'));
    await time.advance(5000);
    wire();
    await ask(change('[]', 50));
    await time.advance(60_000);
    expect(pushes(wire())).toEqual(['< CON 4.06 S2 T1', '> ACK 0.00 S2']);
    expect(shown).toEqual(['0', '1', 'error 86']);
  });

  it('09 the resource is updated', async () => {
    const { time, wire, shown, ask } = await observing(get('obs'));
    await time.advance(5000);
    wire();
    await ask(change('new', 0));
    await time.advance(3000);
    expect(pushes(wire())).toEqual(['< CON 2.05 S2 T1 Observe:3 Content-Format:0 Max-Age:5 "new"', '> ACK 0.00 S2']);
    expect(shown).toEqual(['0', '1', 'new']);
  });

  it('10 a GET does not cancel the observation', async () => {
    const { time, wire, shown, ask } = await observing(get('obs'));
    await time.advance(5000);
    wire();
    await ask(get('obs'));
    await time.advance(5000);
    expect(wire()).toEqual([
      '> CON GET C2 T2 Uri-Path:obs',
      '< ACK 2.05 C2 T2 Content-Format:0 Max-Age:5 "1"',
      ...notified(2),
    ]);
    expect(shown).toEqual(['0', '1', '2']);
  });

  it('11 with CON messages that get lost: never more than one on its way', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { time, link, shown, client, server } = await observing(get('obs'), { loss: 0.3, seed });
      await time.advance(60_000);
      // A notification may only be followed by another one when it was acknowledged, or by what supersedes it when it
      // would have been sent again: at least ACK_TIMEOUT later.
      let open: { messageId: number; at: number } | undefined;
      for (const { from, at, message } of link.log) {
        const { type, messageId, code } = message!;
        if (from === 'client' && type === Type.ACK && messageId === open?.messageId) open = undefined;
        if (from !== 'server' || type !== Type.CON || code === 0) continue;
        if (open !== undefined) expect(at - open.at).toBeGreaterThanOrEqual(2000);
        open = { messageId, at };
      }
      const numbers = shown.map(Number);
      expect(numbers.length).toBeGreaterThan(2);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      client.close();
      await server.close();
    }
  });

  it('12 a GET with Observe 1 cancels the observation', async () => {
    const { time, wire, shown, states } = await observing(get('obs'));
    await time.advance(5000);
    wire();
    await states.return?.();
    await time.advance(60_000);
    expect(wire()).toEqual([
      '> CON GET C2 T1 Observe:1 Uri-Path:obs',
      '< ACK 2.05 C2 T1 Content-Format:0 Max-Age:5 "1"',
    ]);
    expect(shown).toEqual(['0', '1']);
  });

  /** The lines of a body of three blocks: first message, then the two that fetch the rest, with a token of their own. */
  const rest = (client: number, token: number, name: string, etag: string) => [
    `> CON GET C${client} T${token} Uri-Path:${name} Block2:1/0/1024`,
    `< ACK 2.05 C${client} T${token} ETag:${etag} Content-Format:0 Max-Age:5 Block2:1/1/1024 (1024 bytes)`,
    `> CON GET C${client + 1} T${token} Uri-Path:${name} Block2:2/0/1024`,
    `< ACK 2.05 C${client + 1} T${token} ETag:${etag} Content-Format:0 Max-Age:5 Block2:2/0/1024 (452 bytes)`,
  ];
  const etagOf = (line: string) => /ETag:(\w+)/.exec(line)![1]!;

  it('13 a large resource', async () => {
    const { time, wire, shown } = await observing(get('obs-large'));
    await time.advance(5000);
    const lines = wire();
    const [one, two] = [etagOf(lines[1]!), etagOf(lines[6]!)];
    expect(one).not.toBe(two);
    expect(lines).toEqual([
      '> CON GET C1 T1 Observe:0 Uri-Path:obs-large',
      `< ACK 2.05 C1 T1 ETag:${one} Observe:1 Content-Format:0 Max-Age:5 Block2:0/1/1024 Size2:2500 (1024 bytes)`,
      ...rest(2, 2, 'obs-large', one),
      `< CON 2.05 S1 T1 ETag:${two} Observe:2 Content-Format:0 Max-Age:5 Block2:0/1/1024 Size2:2500 (1024 bytes)`,
      '> ACK 0.00 S1',
      ...rest(4, 3, 'obs-large', two),
    ]);
    expect(shown).toEqual(['0', '1'].map((n) => n.padEnd(2500, '.')));
  });

  it('14 a resource of varying size', async () => {
    const { time, wire, shown } = await observing(get('obs-pumping'));
    await time.advance(10_000);
    const lines = wire();
    const [one, two] = [etagOf(lines[1]!), etagOf(lines[8]!)];
    expect(lines).toEqual([
      '> CON GET C1 T1 Observe:0 Uri-Path:obs-pumping',
      `< ACK 2.05 C1 T1 ETag:${one} Observe:1 Content-Format:0 Max-Age:5 Block2:0/1/1024 Size2:2500 (1024 bytes)`,
      ...rest(2, 2, 'obs-pumping', one),
      '< CON 2.05 S1 T1 Observe:2 Content-Format:0 Max-Age:5 "1........."',
      '> ACK 0.00 S1',
      `< CON 2.05 S2 T1 ETag:${two} Observe:3 Content-Format:0 Max-Age:5 Block2:0/1/1024 Size2:2500 (1024 bytes)`,
      '> ACK 0.00 S2',
      ...rest(4, 3, 'obs-pumping', two),
    ]);
    expect(shown).toEqual(['0'.padEnd(2500, '.'), '1.........', '2'.padEnd(2500, '.')]);
  });

  it('14 the same, registered while it is small', async () => {
    const all = bench();
    const first = all.client.observe(get('obs-pumping'));
    await all.time.until(first.next());
    await all.time.advance(5500);
    await first.return?.();
    await all.time.advance(1000);
    all.wire();
    const states = all.client.observe(get('obs-pumping'));
    const { value } = await all.time.until(states.next());
    expect(value?.payload).toHaveLength(10);
    expect(all.wire().at(-1)).toContain('"1........."');
  });
});

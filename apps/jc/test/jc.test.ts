import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hex, jc, start } from './support.ts';

const MESSAGE = '{"type":"m.room.message","content":{"msgtype":"m.text","body":"Hello World"},"zebra":1,"apple":2}';
const MESSAGE_HEX =
  'a4026e6d2e726f6f6d2e6d65737361676503a2181b6b48656c6c6f20576f726c64181c666d2e74657874656170706c6502657a6562726101';
const MESSAGE_SORTED =
  '{"apple":2,"content":{"body":"Hello World","msgtype":"m.text"},"type":"m.room.message","zebra":1}';

// Each case starts a process or two, on machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jc-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.concurrent('JSON to CBOR', () => {
  test('a literal: canonical, with integer keys, as bytes', async () => {
    const { code, stdout, stderr } = await jc([MESSAGE]);
    expect({ code, stdout: stdout.toString('hex'), stderr }).toEqual({ code: 0, stdout: MESSAGE_HEX, stderr: '' });
  });

  test('stdin', async () => {
    const { code, stdout } = await jc(['-'], { stdin: '[42,38]\n' });
    expect({ code, stdout: stdout.toString('hex') }).toEqual({ code: 0, stdout: '82182a1826' });
  });

  test('a file, to a file', async () => {
    const [from, to] = [join(folder, 'data.json'), join(folder, 'data.cbor')];
    await writeFile(from, MESSAGE);
    const { code, stdout, stderr } = await jc(['-out', to, `@${from}`]);
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: `Output to '${to}' (${MESSAGE_HEX.length / 2} bytes)\n`,
    });
    expect((await readFile(to)).toString('hex')).toBe(MESSAGE_HEX);
  });

  test('to hex', async () => {
    const { code, stdout } = await jc(['--hex', '{"foo":"bar"}']);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: 'a163666f6f63626172' });
  });

  test('integers beyond 2^53 are exact', async () => {
    expect((await jc(['12345678901234567890'])).stdout.toString('hex')).toBe('1bab54a98ceb1f0ad2');
  });
});

describe.concurrent('CBOR to JSON', () => {
  test('stdin: keys sorted by name, no newline', async () => {
    const { code, stdout, stderr } = await jc(['-c2j', '-'], { stdin: hex(MESSAGE_HEX) });
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 0, stdout: MESSAGE_SORTED, stderr: '' });
  });

  test('a file, to a file, with two dashes and = and the flag last', async () => {
    const [from, to] = [join(folder, 'in.cbor'), join(folder, 'out.json')];
    await writeFile(from, hex(MESSAGE_HEX));
    expect((await jc([`--out=${to}`, `@${from}`, '--c2j'])).code).toBe(0);
    expect(await readFile(to, 'utf8')).toBe(MESSAGE_SORTED);
  });

  test('from hex, in either case and with white space, as an operand or from stdin', async () => {
    expect((await jc(['-c2j', '--hex', 'A1 02\n1902e4'])).stdout.toString()).toBe('{"type":740}');
    expect((await jc(['-c2j', '--hex', '-'], { stdin: 'a1021902e4\n' })).stdout.toString()).toBe('{"type":740}');
  });

  test('--pretty', async () => {
    const { stdout } = await jc(['-c2j', '--pretty', '-'], { stdin: hex(MESSAGE_HEX) });
    expect(stdout.toString()).toBe(`${JSON.stringify(JSON.parse(MESSAGE_SORTED), null, 2)}\n`);
  });

  test('--general reads what is refused without it', async () => {
    const cbor = 'a2616143010203616ac249010000000000000000';
    expect(await jc(['-c2j', '--hex', cbor])).toMatchObject({ code: 1, stdout: Buffer.of() });
    const { code, stdout } = await jc(['-c2j', '--hex', '--general', cbor]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '{"a":"AQID","j":18446744073709551616}' });
  });
});

describe.concurrent('CBOR in diagnostic notation', () => {
  test('on a line, with the names of integer keys', async () => {
    const { code, stdout, stderr } = await jc(['--diag', '-'], { stdin: hex(MESSAGE_HEX) });
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({
      code: 0,
      stdout:
        '{2 /type/: "m.room.message", 3 /content/: {27 /body/: "Hello World", 28 /msgtype/: "m.text"}, "apple": 2, "zebra": 1}\n',
      stderr: '',
    });
  });

  test('from hex, on many lines, what has no JSON form', async () => {
    const { stdout } = await jc(['--diag', '--pretty', '--hex', 'a1 03 d82a43010203']);
    expect(stdout.toString()).toBe("{\n  3 /content/: 42(h'010203')\n}\n");
  });
});

describe.concurrent('--stats', () => {
  test('of JSON and of the same in CBOR', async () => {
    const [ofJson, ofCbor] = await Promise.all([
      jc(['--stats', MESSAGE]),
      jc(['--stats', '-c2j', '-'], { stdin: hex(MESSAGE_HEX) }),
    ]);
    expect(ofJson).toMatchObject({ code: 0, stderr: '' });
    expect(ofJson.stdout.toString()).toContain(
      `CBOR, integer keys        ${MESSAGE_HEX.length / 2} bytes, 42 % less\n`,
    );
    expect(ofCbor.stdout).toEqual(ofJson.stdout);
  });

  test('of many', async () => {
    const { stdout } = await jc(['--stats', '--seq', '-'], { stdin: `${MESSAGE}\n\n${MESSAGE}\n` });
    expect(stdout.toString()).toMatch(/^values +2\nJSON +194 bytes\n/);
  });
});

describe.concurrent('--seq', () => {
  const LINES = '{"type":1}\n[2,{}]\n"\\u00e9"\n';
  const SEQUENCE = 'a102018202a062c3a9';

  test('JSON lines, blank ones among them, to a CBOR sequence and back', async () => {
    const { code, stdout } = await jc(['--seq', '-'], { stdin: `\n${LINES}  \r\n` });
    expect({ code, stdout: stdout.toString('hex') }).toEqual({ code: 0, stdout: SEQUENCE });
    const back = await jc(['-c2j', '--seq', '-'], { stdin: stdout });
    expect(back.stdout.toString()).toBe('{"type":1}\n[2,{}]\n"é"\n');
  });

  test('in hex, both ways, and to a file', async () => {
    expect((await jc(['--seq', '--hex', '-'], { stdin: LINES })).stdout.toString()).toBe(SEQUENCE);
    const out = join(folder, 'seq.jsonl');
    const { stderr } = await jc(['-c2j', '--seq', '--hex', '-out', out, SEQUENCE]);
    expect(await readFile(out, 'utf8')).toBe('{"type":1}\n[2,{}]\n"é"\n');
    expect(stderr).toBe(`Output to '${out}' (23 bytes)\n`);
  });

  test('of a file, with --general and with --diag', async () => {
    const from = join(folder, 'seq.cbor');
    await writeFile(from, hex('a10241ff00c1f6'));
    const [general, diag] = await Promise.all([
      jc(['-c2j', '--seq', '--general', `@${from}`]),
      jc(['--diag', '--seq', `@${from}`]),
    ]);
    expect(general.stdout.toString()).toBe('{"type":"_w"}\n0\nnull\n');
    expect(diag.stdout.toString()).toBe("{2 /type/: h'ff'}\n0\n1(null)\n");
  });

  test('a bad value is named, with its place; stdout has got those before it, a file nothing', async () => {
    const { code, stdout, stderr } = await jc(['--seq', '--hex', '-'], { stdin: '1\n\n{"a":\n2\n' });
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({
      code: 1,
      stdout: '01',
      stderr: 'FATAL: line 3: cannot read the JSON: the input ends in the middle of a value, at byte 5\n',
    });
    const out = join(folder, 'no.jsonl');
    const back = await jc(['-c2j', '--seq', '--hex', '-out', out, '0102f7']);
    expect(back.stderr).toBe(
      'FATAL: item 3: cannot read the CBOR: undefined has no JSON form, at byte 0; --general may show it nevertheless\n',
    );
    await expect(stat(out)).rejects.toThrow('ENOENT');
    expect((await jc(['-c2j', '--seq', '--hex', '0182'])).stderr).toBe(
      'FATAL: item 2: cannot read the CBOR: the input ends in the middle of a value, at byte 1\n',
    );
    expect((await jc(['--seq', '@/no/such/file'])).stderr).toBe(
      'FATAL: cannot read /no/such/file: no such file or directory\n',
    );
  });

  test('a value is written as soon as it has come, and the tool ends when nobody reads', async () => {
    const { child, done } = start(['-c2j', '--seq', '-']);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    for (const [cbor, line] of [
      ['a10201', '{"type":1}'],
      ['820304', '[3,4]'],
    ]) {
      child.stdin.write(hex(cbor!));
      expect((await lines.next()).value).toBe(line);
    }
    child.stdout.destroy();
    const more = setInterval(() => child.stdin.write(hex('00')), 20);
    child.stdin.on('error', () => undefined);
    expect((await done).code).toBe(0);
    clearInterval(more);
  });
});

test('a % in a string is kept, both ways (the original printed its output through a format string)', async () => {
  const json = '{"body":"100%d of %s, %n and 5%"}';
  const { stdout: cbor, code } = await jc([json]);
  expect(cbor.toString('hex')).toBe(`a1181b76${Buffer.from('100%d of %s, %n and 5%').toString('hex')}`);
  expect(code).toBe(0);
  expect((await jc(['-c2j', '-'], { stdin: cbor })).stdout.toString()).toBe(json);
});

describe.concurrent('bad input: exit code 1, one FATAL line, and nothing is written', () => {
  test.each<[string, string[], string]>([
    ['JSON', ['{"a":'], 'cannot read the JSON: the input ends in the middle of a value, at byte 5'],
    [
      'CBOR',
      ['-c2j', '-'],
      'cannot read the CBOR: a break outside of an indefinite-length item, or in place of a value, at byte 0',
    ],
    ['a file that is not there', ['@/no/such/file'], 'cannot read /no/such/file: no such file or directory'],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await jc(args, { stdin: Uint8Array.of(0xff) });
    expect({ code, stdout: stdout.length, stderr }).toEqual({ code: 1, stdout: 0, stderr: `FATAL: ${message}\n` });
  });

  test('an output file is left alone', async () => {
    const out = join(folder, 'kept');
    await writeFile(out, 'before');
    const { mtimeMs } = await stat(out);
    for (const args of [
      ['-out', out, '{"a":'],
      ['-c2j', '-out', out, '--hex', 'ff'],
    ]) {
      expect((await jc(args)).code).toBe(1);
    }
    expect(await readFile(out, 'utf8')).toBe('before');
    expect((await stat(out)).mtimeMs).toBe(mtimeMs);
    const missing = join(folder, 'no', 'such', 'folder');
    expect((await jc(['-out', missing, '{}'])).stderr).toBe(
      `FATAL: cannot write ${missing}: no such file or directory\n`,
    );
  });
});

test('wrong usage: exit code 2 and a pointer to --help', async () => {
  const { code, stdout, stderr } = await jc([]);
  expect({ code, stdout: stdout.length, stderr }).toEqual({
    code: 2,
    stdout: 0,
    stderr: "jc: supply the data itself, such as '{}', or @FILE, or - for stdin\nTry 'jc --help'.\n",
  });
});

test('--help is on stdout, within 100 columns, and names every flag and exit code', async () => {
  const { code, stdout, stderr } = await jc(['-help']);
  const help = stdout.toString();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  for (const flag of [
    '--c2j',
    '--diag',
    '--stats',
    '--seq',
    '--out',
    '-v',
    '--hex',
    '--pretty',
    '--general',
    '--version',
    '--help',
  ]) {
    expect(help).toMatch(new RegExp(`^ +(-\\w, )?${flag}  `, 'm'));
  }
  expect(help).toContain('Exit codes: 0 done, 1 INPUT or a file is bad, 2 wrong usage');
});

test('--version prints the version of this package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  expect((await jc(['--version'])).stdout.toString()).toBe(`jc ${version}\n`);
});

test('a reader that closes early is no error', async () => {
  const json = JSON.stringify('x'.repeat(4 << 20));
  const { code, stderr } = await jc(['-'], { stdin: json, closeAfter: 1 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

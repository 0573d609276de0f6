import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { CliError } from '@lb-matrix/cli-args';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readNativeRoots } from '../src/native-roots.ts';
import { testCertificate } from './support/servers.ts';

const [first, second] = [testCertificate({ dnsNames: ['a'] }), testCertificate({ dnsNames: ['b'] })];
let folder: string;
let bundle: string;
let missing: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coap-'));
  bundle = join(folder, 'bundle.pem');
  missing = join(folder, 'missing.pem');
  writeFileSync(bundle, `# Ärzte\n${first.pem}\n${second.pem}`);
});
afterAll(() => rm(folder, { recursive: true }));

const node = tls as { getCACertificates?: (type: string) => readonly string[] };
const { getCACertificates } = node;
afterEach(() => {
  if (getCACertificates) node.getCACertificates = getCACertificates;
  else delete node.getCACertificates;
});

test('SSL_CERT_FILE comes first', async () => {
  node.getCACertificates = () => [second.pem];
  const alone = join(folder, 'alone.pem');
  writeFileSync(alone, first.pem);
  expect(await readNativeRoots({ SSL_CERT_FILE: alone }, [bundle])).toEqual(first.chain);
});

test('then what Node knows of the system', async () => {
  const asked: string[] = [];
  node.getCACertificates = (type) => {
    asked.push(type);
    return [second.pem, first.pem];
  };
  expect(await readNativeRoots({ SSL_CERT_FILE: '' }, [])).toEqual([...second.chain, ...first.chain]);
  expect(asked).toEqual(['system']);
});

test.each([
  ['an older Node does not know the system', undefined],
  ['Node finds none', () => []],
])('then the first bundle that is there, when %s', async (_, system) => {
  if (system) node.getCACertificates = system;
  else delete node.getCACertificates;
  expect(await readNativeRoots({}, [missing, bundle, folder])).toEqual([...first.chain, ...second.chain]);
});

test('nothing anywhere says what to do', async () => {
  delete node.getCACertificates;
  await expect(readNativeRoots({}, [missing])).rejects.toThrow(
    new CliError(
      `--ca-native: Node ${process.versions.node} does not know where this system keeps its certificates: name their file with SSL_CERT_FILE or --cacert`,
      2,
    ),
  );
});

test('a bundle that is there and cannot be read is named', async () => {
  delete node.getCACertificates;
  writeFileSync(join(folder, 'text'), 'text');
  await expect(readNativeRoots({}, [folder])).rejects.toThrow(/^cannot read .*EISDIR/);
  await expect(readNativeRoots({ SSL_CERT_FILE: missing }, [bundle])).rejects.toThrow(
    /^SSL_CERT_FILE: cannot read .*missing\.pem: ENOENT/,
  );
  const text = join(folder, 'text');
  const error = await readNativeRoots({ SSL_CERT_FILE: text }, []).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(/text: no certificate in the PEM/) });
});

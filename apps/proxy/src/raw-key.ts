import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from '@lb-matrix/cli-args';
import { publicKeyPin, readPemPrivateKey, writePem } from '@lb-matrix/dtls-transport';
import { nodeCrypto, type RawKey } from '@lb-matrix/dtls-transport/node';
import type { Remark } from './choose-certificate.ts';
import type { ProxySettings } from './command-line.ts';
import { stateDirectory } from './kept-certificate.ts';
import { writeWhole } from './write-whole.ts';

/**
 * The key that clients know the proxy by without a certificate: that of `--raw-key`, or else one that is kept with the
 * certificate; where there is no such file it is made. Nobody is to be told of a key that is lost with the process, so one
 * that cannot be kept is not used.
 *
 * @throws CliError
 */
export function chooseRawKey(
  { rawKeyFile }: Pick<ProxySettings, 'rawKeyFile'>,
  env: NodeJS.ProcessEnv,
): { readonly rawKey: RawKey | undefined; readonly pin: string | undefined; readonly remark: Remark } {
  const path = rawKeyFile ?? join(stateDirectory(env), 'raw-key.pem');
  try {
    const rawKey = { privateKey: readRawKey(path) ?? makeRawKey(path) };
    const pin = pinOf(rawKey.privateKey);
    return { rawKey, pin, remark: { level: 'info', text: `Raw public key ${pin}, kept in ${path}` } };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (rawKeyFile !== undefined) throw new CliError(`--raw-key ${path}: ${message}`, 1, { cause: error });
    return {
      rawKey: undefined,
      pin: undefined,
      remark: { level: 'warn', text: `No raw public key, as it cannot be kept: ${message}` },
    };
  }
}

/**
 * Reads the key that is in a file.
 *
 * @throws CliError
 */
export function loadRawKey(path: string): { readonly rawKey: RawKey; readonly pin: string } {
  let privateKey: Uint8Array | undefined;
  try {
    privateKey = readRawKey(path);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${path}: ${(error as Error).message}`, 1, { cause: error });
  }
  if (privateKey === undefined) throw new CliError(`${path}: no such file`);
  return { rawKey: { privateKey }, pin: pinOf(privateKey) };
}

/** PKCS#8 DER; `undefined` where there is no file. Throws the system's error, or `CliError` for a file that holds no such key. */
function readRawKey(path: string): Uint8Array | undefined {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const privateKey = readPemPrivateKey(pem);
    if (nodeCrypto.importSigningKey(privateKey).schemes.includes('ed25519')) return privateKey;
  } catch (error) {
    throw new CliError(`${path}: ${(error as Error).message}`, 1, { cause: error });
  }
  throw new CliError(`${path}: not an Ed25519 key: make one with \`openssl genpkey -algorithm ed25519\``);
}

const pinOf = (privateKey: Uint8Array): string =>
  publicKeyPin(nodeCrypto.importSigningKey(privateKey).spki, nodeCrypto);

function makeRawKey(path: string): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pkcs8 = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeWhole(path, writePem('PRIVATE KEY', pkcs8), 0o600);
  return pkcs8;
}

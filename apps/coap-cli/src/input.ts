import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CliError, readDataArgument } from '@lb-matrix/cli-args';
import type { Command } from './command.ts';
import { ExitCode } from './exit-code.ts';
import type { WireOptions } from './wire.ts';

/**
 * The body that `-d` or `--json` stands for; empty without them.
 *
 * @throws CliError
 */
export async function readBody({ data, json }: Command): Promise<Uint8Array> {
  const argument = data ?? json;
  if (argument === undefined) return new Uint8Array();
  return asUsage(() => readDataArgument(argument));
}

/**
 * The certificates (DER) of the `--cacert` file and, with `--ca-native`, those of the system; `undefined` for Node's.
 *
 * @throws CliError
 */
export async function readRoots({
  cacert,
  caNative,
}: Pick<Command, 'cacert' | 'caNative'>): Promise<Uint8Array[] | undefined> {
  if (cacert === undefined && !caNative) return undefined;
  const named = cacert === undefined ? [] : await readCertificates(cacert);
  const native = caNative ? await (await import('./native-roots.ts')).readNativeRoots() : [];
  return [...named, ...native];
}

async function readCertificates(path: string): Promise<Uint8Array[]> {
  const { readPemCertificates } = await import('@lb-matrix/dtls-transport');
  return asUsage(async () => {
    const pem = await readDataArgument(`@${path}`);
    try {
      return readPemCertificates(new TextDecoder().decode(pem));
    } catch (error) {
      throw new CliError(`${path}: ${(error as Error).message}`, ExitCode.Usage, { cause: error });
    }
  });
}

/**
 * Who we are to the server: what `--psk`, or `--cert` and `--key`, stand for.
 *
 * @throws CliError
 */
export async function readIdentity({
  psk,
  cert,
  key,
}: Pick<Command, 'psk' | 'cert' | 'key'>): Promise<Pick<WireOptions, 'psk' | 'clientCertificate'>> {
  return asUsage(async () => ({
    psk: psk === undefined ? undefined : await (await import('./pre-shared-key.ts')).readPreSharedKey(psk),
    clientCertificate:
      cert === undefined
        ? undefined
        : await (await import('./client-certificate.ts')).readClientCertificate(cert, key ?? cert),
  }));
}

/**
 * Makes sure, before anything is sent, that the answer will find its place: an answer to a POST cannot be had twice.
 *
 * @throws CliError
 */
export async function checkOutput(path: string): Promise<void> {
  if (path === '-') return;
  const cannot = (why: string): never => {
    throw new CliError(`cannot write ${path}: ${why}`, ExitCode.Usage);
  };
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory()) cannot('it is a directory');
  const target = existing === undefined ? dirname(path) : path;
  await access(target, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    cannot(error.code === 'ENOENT' ? `there is no folder ${target}` : error.message);
  });
}

/** A file that the command line names and that cannot be read is a fault of the command line. */
async function asUsage<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CliError) throw new CliError(error.message, ExitCode.Usage, { cause: error });
    throw error;
  }
}

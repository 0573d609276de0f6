import { X509Certificate } from 'node:crypto';
import { CliError, readDataArgument } from '@lb-matrix/cli-args';
import { readPemCertificates, readPemPrivateKey } from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { ExitCode } from './exit-code.ts';

/** What shows a server who we are. */
export interface ClientCertificate {
  /** DER, our own first. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER. */
  readonly privateKey: Uint8Array;
}

/**
 * The certificate and key of `--cert` and `--key`, from PEM files.
 *
 * @throws CliError that says which file is wrong
 */
export async function readClientCertificate(cert: string, key: string): Promise<ClientCertificate> {
  const chain = await fromFile(cert, readPemCertificates);
  const privateKey = await fromFile(key, (pem) => {
    const der = readPemPrivateKey(pem);
    nodeCrypto.importSigningKey(der);
    return der;
  });
  await fromFile(cert, () => new X509Certificate(chain[0]!));
  return { chain, privateKey };
}

async function fromFile<T>(path: string, read: (pem: string) => T): Promise<T> {
  const pem = new TextDecoder().decode(await readDataArgument(`@${path}`));
  try {
    return read(pem);
  } catch (error) {
    throw new CliError(`${path}: ${(error as Error).message}`, ExitCode.Usage, { cause: error });
  }
}

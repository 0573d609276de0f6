import { publicKeyPin } from '@lb-matrix/dtls-transport';
import {
  type ConnectDtlsOptions,
  type DtlsListenerHandle,
  type DtlsPipe,
  type ListenDtlsOptions,
  nodeCrypto,
} from '@lb-matrix/dtls-transport/node';
import { expect } from 'vitest';
import type { DtlsSetup } from './peer.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

const keyOf = ({ hexKey }: NonNullable<DtlsSetup['psk']>): Uint8Array => Uint8Array.from(Buffer.from(hexKey, 'hex'));

/** Our client's side of a setup. */
export function clientOptions(
  { version, certificate, clientCertificate, clientRawKey, rawKey, psk, pskAlone, recordSize }: DtlsSetup,
  port: number,
): ConnectDtlsOptions {
  return {
    host: '127.0.0.1',
    port,
    versions: versionsOf(version ?? '1.2'),
    ...(rawKey ? { pins: [publicKeyPin(certificate!.spki, nodeCrypto)] } : { roots: certificate?.chain }),
    // A server tells its limit to a client that tells one.
    recordSizeLimit: recordSize && 16_384,
    ...(clientRawKey ? { clientRawKey: clientCertificate } : { clientCertificate }),
    pskModes: modesOf(pskAlone),
    psk: psk && { identity: psk.identity, key: keyOf(psk) },
  };
}

/** Our server's side of a setup. */
export function serverOptions({
  version,
  certificate,
  clientCertificate,
  clientRawKey,
  rawKey,
  psk,
  pskAlone,
}: DtlsSetup): ListenDtlsOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    versions: versionsOf(version),
    ...(rawKey ? { rawKey: certificate } : { certificate }),
    psk: psk && ((identity) => (identity === psk.identity ? keyOf(psk) : undefined)),
    pskModes: modesOf(pskAlone),
    requestClientCertificate: clientCertificate && {
      ...(clientRawKey
        ? { pins: [publicKeyPin(clientCertificate.spki, nodeCrypto)] }
        : { roots: clientCertificate.chain }),
      required: true,
    },
  };
}

const modesOf = (pskAlone: boolean | undefined): ConnectDtlsOptions['pskModes'] =>
  pskAlone ? ['psk_ke'] : ['psk_dhe_ke'];

const versionsOf = (version: DtlsSetup['version']): ConnectDtlsOptions['versions'] =>
  version === 'both' ? ['1.3', '1.2'] : version && [version];

/** What we say of the association is what the setup wants. */
export function expectAgreed(pipe: DtlsPipe, { suite, recordSize, pskAlone, version = '1.2' }: DtlsSetup): void {
  if (pskAlone) expect(pipe.protocol.group).toBeUndefined();
  expect(pipe.protocol.version).toBe(`DTLS ${version}`);
  if (suite !== undefined) expect(pipe.protocol.cipherSuite).toMatch(new RegExp(`^TLS_${suite}(_SHA\\d+)?$`));
  if (recordSize !== undefined) expect(pipe.maxPayload).toBeLessThanOrEqual(recordSize);
}

/** And the server has shown its key in the way that was asked for. */
export function expectServer({ peer }: DtlsPipe, { certificate, rawKey }: DtlsSetup): void {
  expect(peer.rawKey).toEqual(rawKey ? certificate!.spki : undefined);
}

/** And the client is who it should be. */
export function expectClient({ peer }: DtlsPipe, { clientCertificate, clientRawKey, psk }: DtlsSetup): void {
  expect(peer.pskIdentity).toBe(psk?.identity);
  expect(peer.certificates[0]).toEqual(clientRawKey ? undefined : clientCertificate?.chain[0]);
  expect(peer.rawKey).toEqual(clientRawKey ? clientCertificate!.spki : undefined);
}

/** Sends a text and resolves when it has come back. */
export async function exchange(pipe: DtlsPipe, sent: string, echoed: () => Promise<void>): Promise<void> {
  const received = new Promise<string>((resolve) => {
    pipe.onDatagram = (datagram) => resolve(text(datagram));
  });
  pipe.send(bytes(sent));
  await echoed();
  expect(await received).toBe(sent);
}

/** The first session of a server, which is answered in capitals. */
interface FirstSession {
  /** Once there is one. */
  pipe(): DtlsPipe;
  /** Why it has ended: undefined for a close in order. */
  readonly closed: Promise<Error | undefined>;
}

/** Answers the first session of a server in capitals. */
export function firstSession(server: DtlsListenerHandle): FirstSession {
  let first: DtlsPipe | undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    server.onPipe = (pipe) => {
      first = pipe;
      pipe.onClose = resolve;
      pipe.onDatagram = (datagram) => pipe.send(bytes(text(datagram).toUpperCase()));
    };
  });
  return { pipe: () => first!, closed };
}

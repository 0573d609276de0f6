import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPeer } from '@lb-matrix/interop/process';

/** The client proxy as its users run it: a process of its own. */
export interface ClientProxy {
  /** Where clients find it, `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What its status page is made of. */
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** `METHOD PATH: REASON` of each request that went over HTTP. */
  fallbacks(): string[];
  close(): Promise<void>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Starts a client proxy on a free port of 127.0.0.1.
 *
 * @param options.homeserver - its URL
 * @param options.port - UDP port of the low-bandwidth server on 127.0.0.1
 * @param options.certificate - the server's, in DER
 * @param options.folder - where the certificate may be written to
 */
export async function startClientProxy(options: {
  readonly homeserver: string;
  readonly port: number;
  readonly certificate: Uint8Array;
  readonly folder: string;
}): Promise<ClientProxy> {
  const cacert = join(options.folder, 'lb-proxy.pem');
  const base64 = Buffer.from(options.certificate)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  await writeFile(cacert, `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`);
  const flags = [
    ...['-homeserver', options.homeserver, '--server', `127.0.0.1:${options.port}`, '--cacert', cacert],
    ...['-http-bind-addr', '127.0.0.1:0', '--log-format', 'text', '--log-level', 'debug'],
  ];
  const node = ['--conditions=@lb-matrix/source', '--import', 'tsx', 'apps/client-proxy/src/cli.ts'];
  const process_ = startPeer(process.execPath, [...node, ...flags], { cwd: root });
  const [, url = ''] = await process_.waitFor(/Listening on (http:\/\/127\.0\.0\.1:\d+) /);
  return {
    url,
    status: async () => (await fetch(`${url}/_lb/status.json`)).json() as Promise<Record<string, unknown>>,
    fallbacks: () =>
      [...process_.output().matchAll(/(\S+ \S+) goes over HTTP(: \S+)/g)].map(([, what, why]) => `${what}${why}`),
    close: () => process_.stop(),
  };
}

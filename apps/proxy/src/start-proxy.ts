import { type BindAddress, hostAndPort, openKeyLog } from '@lb-matrix/cli-args';
import { DEFAULT_LIMITS } from '@lb-matrix/lb-server';
import { type ListeningServer, type ListenLowBandwidthOptions, listenLowBandwidth } from '@lb-matrix/lb-server/node';
import type { Logger } from 'pino';
import { withAdvertisedUrl } from './advertised-url.ts';
import { chooseCertificate } from './choose-certificate.ts';
import type { ProxySettings } from './command-line.ts';
import { exchangeLog } from './exchange-log.ts';
import { createHomeserverPool } from './homeserver-pool.ts';
import { listenError } from './listen-error.ts';
import { observationLog } from './observation-log.ts';
import { chooseRawKey } from './raw-key.ts';
import { renewRawKey } from './raw-key-renewal.ts';
import type { CertificateFiles, ServerCertificate } from './server-certificate.ts';

/** A proxy that listens. */
export interface RunningProxy {
  /** UDP, and TCP too where a URL is advertised. */
  readonly port: number;
  /** That of the key that it shows without a certificate; `undefined` where it has none. */
  readonly pin: string | undefined;
  /** Reads the files of the certificate and of the raw key now; `undefined` where no file was named. Sessions go on. */
  readonly reload: (() => void) | undefined;
  /** Takes nothing new, lets requests finish for `graceful` milliseconds, tells every session, and closes everything. */
  close(graceful: number): Promise<void>;
}

/**
 * Starts a proxy and logs where it listens.
 *
 * @throws CliError for what the user can mend: a certificate file, a port that is taken
 */
export async function startProxy(settings: ProxySettings, log: Logger, env: NodeJS.ProcessEnv): Promise<RunningProxy> {
  const { homeserver, local, advertise, bind, ackDelay, forwardClientAddress } = settings;
  const { certificate, remarks } = chooseCertificate(settings, env);
  const { rawKey, pin, remark } = chooseRawKey(settings, env);
  const keyLog = openKeyLog(env.SSLKEYLOGFILE, (error) => log.error({ error: String(error) }, 'Key log line lost'));
  const pool = createHomeserverPool(homeserver, DEFAULT_LIMITS.maxResponseBytes);
  const onExchange = exchangeLog(log);

  const dtls = await listenOnUdp(bind, {
    versions: ['1.3', '1.2'],
    certificate,
    rawKey,
    nextRawKeyPin: settings.nextRawKeyPin,
    keyLog,
    mtu: settings.mtu,
    upstream: advertise === undefined ? pool.upstream : withAdvertisedUrl(pool.upstream, advertise.text),
    pathPrefix: settings.pathPrefix,
    ackDelay,
    forwardClientAddress,
    compression: settings.compression,
    onExchange,
    onObservation: observationLog(log),
    onError: (error) => log.error({ error: error instanceof Error ? error.stack : String(error) }, 'Unexpected error'),
  });
  const { port } = dtls.address;
  const shown = bind.port === 0 ? hostAndPort(bind.host ?? '', port) : settings.bindText;

  const isHttps = advertise?.url.protocol === 'https:';
  const http = advertise && (await listenOnTcp());
  // The sockets are bound: from now on the HTTP client may take its time to load. A failure shows at the first request.
  pool.load().catch(() => undefined);

  if (advertise !== undefined) {
    const ways = `from ${advertise.text} to ${local}`;
    log.info(`Listening on ${shown}/tcp to reverse proxy ${ways} - HTTPS enabled: ${isHttps}`);
  }
  log.info(`Listening for DTLS on ${shown} - ACK piggyback period: ${duration(ackDelay)}`);
  for (const { level, text } of [...remarks, remark]) log[level](text);
  const renewal = settings.certificateFiles && (await startRenewal(settings.certificateFiles));
  const reloads = [renewal?.reload, rawKeyReload(settings.rawKeyFile)].filter((reload) => reload !== undefined);
  if (keyLog) log.warn(`Session secrets are written to ${env.SSLKEYLOGFILE} (SSLKEYLOGFILE)`);

  return {
    port,
    pin,
    reload: reloads.length === 0 ? undefined : reload,
    async close(graceful) {
      renewal?.stop();
      await Promise.all([dtls.close({ graceful }), http?.close(graceful)]);
      await pool.close();
    },
  };

  async function startRenewal(files: CertificateFiles) {
    const { renewCertificate } = await import('./certificate-renewal.ts');
    const use = (next: ServerCertificate): void => {
      dtls.setCertificate(next);
      http?.setCertificate(next);
    };
    return renewCertificate({ files, current: certificate, use, log });
  }

  function reload(): void {
    for (const read of reloads) read();
  }

  function rawKeyReload(path: string | undefined): (() => void) | undefined {
    if (path === undefined) return undefined;
    return renewRawKey({ path, pin, use: (next) => dtls.setRawKey(next), log });
  }

  async function listenOnTcp() {
    const { listenHttp } = await import('./http-listener.ts');
    try {
      return await listenHttp({
        bind: { host: dtls.address.address, port },
        certificate: isHttps ? certificate : undefined,
        handler: dtls.handleHttp,
        maxRequestBytes: DEFAULT_LIMITS.maxRequestBytes,
        pool,
        loopGuard: dtls.loopGuard,
        forwardClientAddress,
        onExchange,
        keyLog,
      });
    } catch (error) {
      await dtls.close({ graceful: 0 });
      throw listenError(error, shown, 'tcp');
    }
  }
}

type UdpOptions = Omit<ListenLowBandwidthOptions, 'host' | 'port'>;

/** Without a host on every address of the machine: of both families where it has IPv6. */
async function listenOnUdp({ host, port }: BindAddress, options: UdpOptions): Promise<ListeningServer> {
  try {
    if (host !== undefined) return await listenLowBandwidth({ ...options, host, port });
    return await listenLowBandwidth({ ...options, host: '::', port }).catch((error) => {
      if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code)) throw error;
      return listenLowBandwidth({ ...options, host: '0.0.0.0', port });
    });
  } catch (error) {
    throw listenError(error, hostAndPort(host ?? '', port), 'udp');
  }
}

/** Milliseconds as Go writes a duration: `200ms`, `5s`. */
function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds}ms` : `${milliseconds / 1000}s`;
}

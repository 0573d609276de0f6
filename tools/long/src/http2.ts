import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PERSON, SYNC_QUERY } from '@lb-matrix/bad-links';
import { writePem } from '@lb-matrix/dtls-transport';
import { freeUdpPort } from '@lb-matrix/interop/free-port';
import { ensureProgram } from '@lb-matrix/interop/install';
import { startPeer } from '@lb-matrix/interop/process';
import { testCertificate } from './certificate.ts';
import type { EmulatedLink } from './emulated-link.ts';
import type { LinkTask } from './link-client.ts';

/** HTTP/2 over TLS 1.3 with gzip: nginx, on all addresses, in front of a homeserver and of random bytes. */
export interface Http2Server {
  readonly port: number;
  close(): Promise<void>;
}

const SIZES = [100 * 1024, 1024 * 1024];

export async function startNginx(homeserver: string): Promise<Http2Server> {
  ensureProgram('nginx', 'nginx-light');
  const folder = mkdtempSync(join(tmpdir(), 'lb-nginx-'));
  const port = await freeUdpPort();
  const { chain, privateKey } = testCertificate();
  writeFileSync(join(folder, 'cert.pem'), chain.map((certificate) => writePem('CERTIFICATE', certificate)).join(''));
  writeFileSync(join(folder, 'key.pem'), writePem('PRIVATE KEY', privateKey));
  mkdirSync(join(folder, 'body'));
  for (const size of SIZES) writeFileSync(join(folder, 'body', String(size)), randomBytes(size));
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, homeserver));
  const nginx = startPeer('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
  await nginx.waitFor(/start worker process \d/);
  return {
    port,
    async close() {
      await nginx.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, port: number, homeserver: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `
    daemon off; user root; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr notice;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      gzip on; gzip_types application/json; gzip_proxied any; gzip_min_length 200;
      server {
        listen 0.0.0.0:${port} ssl http2;
        ssl_certificate cert.pem; ssl_certificate_key key.pem; ssl_protocols TLSv1.3;
        location /_matrix/ { proxy_pass ${homeserver}; }
        location /body/ { root ${folder}; }
        location = /small { return 204; }
      }
    }`;
}

/** The milliseconds that curl takes for the same: a connection for each time; what it takes to open is left out where ours is. */
export async function measureCurl(link: EmulatedLink, port: number, { act, times }: LinkTask): Promise<number[]> {
  const took: number[] = [];
  for (let time = 0; time < times; time++) {
    const seconds = await curl(link, port, act, time);
    const isWhole = act.kind === 'send' || act.kind === 'sync';
    // The first request of the others opens the connection.
    took.push(...(isWhole ? [seconds.reduce((a, b) => a + b)] : seconds.slice(1)).map((each) => 1000 * each));
  }
  return took;
}

async function curl(link: EmulatedLink, port: number, act: LinkTask['act'], time: number): Promise<number[]> {
  const origin = `https://${link.host}:${port}`;
  const small = ['-X', 'PUT', '-d', 'x'.repeat(60), `${origin}/small`];
  const matrix = `${origin}/_matrix/client/v3`;
  const token = ['-H', `Authorization: Bearer ${PERSON.token}`];
  const requests: Record<LinkTask['act']['kind'], () => string[][]> = {
    download: () => [small, [`${origin}/body/${act.kind === 'download' ? act.bytes : 0}`]],
    ask: () => [small, [...small.slice(0, -1), `${origin}/small?[1-${act.kind === 'ask' ? act.requests : 0}]`]],
    send: () => {
      const room = encodeURIComponent(PERSON.roomId);
      const body = '{"msgtype":"m.text","body":"Hello World"}';
      return [[...token, '-X', 'PUT', '-d', body, `${matrix}/rooms/${room}/send/m.room.message/${time}-1`]];
    },
    sync: () => {
      const identifier = { type: 'm.id.user', user: PERSON.userId };
      const login = JSON.stringify({ type: 'm.login.password', identifier, password: PERSON.password });
      const query = SYNC_QUERY[act.kind === 'sync' && act.full ? 'full' : 'default'];
      return [
        ['-d', login, `${matrix}/login`],
        [...token, `${matrix}/sync?${query}`],
      ];
    },
  };
  const common = ['-sSk', '--fail', '--http2', '--compressed', '-o', '/dev/null', '-w', '%{time_total}\\n'];
  const args = requests[act.kind]().flatMap((request, index) => [
    ...(index === 0 ? [] : ['--next']),
    ...common,
    ...request,
  ]);
  const output = await link.run('curl', args, 300_000);
  return output.trim().split('\n').map(Number);
}

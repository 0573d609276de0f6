import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { renewCertificate } from '../src/certificate-renewal.ts';
import { type CertificateFiles, loadCertificate, type ServerCertificate } from '../src/server-certificate.ts';
import { DAY, writeCertificate } from './support/certificate-files.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

// The file system tells in its own time; the time until the files are read is ours.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Polls what there is when files that have changed are read. */
function whenRead<T>(read: () => T) {
  const settled = (): T => {
    vi.advanceTimersByTime(1000);
    return read();
  };
  return expect.poll(settled, { timeout: 10_000, interval: 20 });
}

/** Time enough for the file system to tell what has happened. */
async function told(): Promise<void> {
  await delay(200);
  vi.advanceTimersByTime(1000);
}

/** The renewal of a certificate that is in use, what it puts to use, and what it logs. */
function startRenewal(files: CertificateFiles) {
  const used: ServerCertificate[] = [];
  const lines: string[] = [];
  const say = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  const renewal = renewCertificate({
    files,
    current: loadCertificate(files),
    use: (certificate) => void used.push(certificate),
    log: { info: say('info'), warn: say('warn'), error: say('error') },
  });
  onTestFinished(() => renewal.stop());
  return { used, lines, renewal };
}

describe('a certificate whose files change', () => {
  it('is put to use when new files are written over the old ones', async () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const { used, lines } = startRenewal(files);
    const { der } = writeCertificate(folder);
    await whenRead(() => used.length).toBe(1);
    expect(used[0]!.chain).toEqual([der]);
    expect(lines).toEqual([
      `info Using the new certificate in ${files.certificate}, valid until ${used[0]!.x509.validTo}`,
    ]);
  });

  it('is put to use when files are put in place of the old ones, in two folders', async () => {
    const [folder, keys] = [temporaryDirectory(), temporaryDirectory()];
    const { files } = writeCertificate(folder);
    const key = join(keys, 'key.pem');
    renameSync(files.key, key);
    const { used } = startRenewal({ ...files, key });
    const next = writeCertificate(temporaryDirectory());
    renameSync(next.files.key, key);
    renameSync(next.files.certificate, files.certificate);
    await whenRead(() => used.length).toBe(1);
    expect(used[0]!.chain).toEqual([next.der]);
  });

  it('is put to use when a symbolic link turns to it, as certbot and Kubernetes do', async () => {
    const folder = temporaryDirectory();
    const made = ['first', 'second'].map((name) => {
      mkdirSync(join(folder, name));
      return writeCertificate(join(folder, name));
    });
    const link = (target: string): void => {
      symlinkSync(target, join(folder, 'new'));
      renameSync(join(folder, 'new'), join(folder, 'data'));
    };
    link('first');
    const files = { certificate: join(folder, 'c.pem'), key: join(folder, 'k.pem') };
    symlinkSync('data/c.pem', files.certificate);
    symlinkSync('data/k.pem', files.key);
    const { used } = startRenewal(files);
    link('second');
    await whenRead(() => used.length).toBe(1);
    expect(used[0]!.chain).toEqual([made[1]!.der]);
  });

  it('waits until all files of a renewal are written', async () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const { used, lines } = startRenewal(files);
    const next = writeCertificate(temporaryDirectory());
    renameSync(next.files.key, files.key);
    await delay(200);
    vi.advanceTimersByTime(900);
    renameSync(next.files.certificate, files.certificate);
    vi.advanceTimersByTime(100);
    expect(used).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  it.each<[string, (files: CertificateFiles) => void, RegExp]>([
    ['are no PEM', ({ certificate }) => writeFileSync(certificate, 'x'), /c\.pem: no certificate/],
    ['are gone', ({ certificate }) => rmSync(certificate), /cannot read .*c\.pem: no such file/],
    ['do not match', ({ key }) => writeCertificate(join(key, '..'), { otherKey: true }), /does not match/],
  ])('stays when the new files %s, and the error is logged; good ones are taken later', async (_, spoil, message) => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const { used, lines } = startRenewal(files);
    spoil(files);
    await whenRead(() => lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^error The certificate that is in use stays, the files cannot be used: /);
    expect(lines[0]).toMatch(message);
    expect(used).toEqual([]);
    const { der } = writeCertificate(folder);
    await whenRead(() => used.length).toBe(1);
    expect(used[0]!.chain).toEqual([der]);
  });

  it('that has expired is put to use, with a warning', async () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const { used, lines, renewal } = startRenewal(files);
    writeCertificate(folder, { notAfter: Date.now() - DAY });
    renewal.reload();
    expect(used).toHaveLength(1);
    expect(lines[1]).toMatch(/^warn .*has expired/);
  });
});

describe('a folder in which other things happen', () => {
  it('changes nothing, and repeats no error', async () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const { used, lines } = startRenewal(files);
    writeFileSync(join(folder, 'other'), '1');
    await told();
    expect([used, lines]).toEqual([[], []]);
    writeFileSync(files.key, 'x');
    await whenRead(() => lines).toHaveLength(1);
    writeFileSync(join(folder, 'other'), '2');
    await told();
    expect(lines).toHaveLength(1);
  });
});

describe('asked to reload', () => {
  it('reads the files at once and says what came of it', () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const { used, lines, renewal } = startRenewal(files);
    renewal.reload();
    expect([used, lines]).toEqual([[], [`info The certificate in ${files.certificate} has not changed`]]);
    writeCertificate(folder);
    renewal.reload();
    expect(used).toHaveLength(1);
    writeFileSync(files.key, 'x');
    renewal.reload();
    renewal.reload();
    expect(lines.slice(2)).toEqual(Array(2).fill(expect.stringMatching(/^error .*k\.pem/)));
  });

  it('is the way where a folder cannot be watched', () => {
    const folder = temporaryDirectory();
    const { files } = writeCertificate(folder);
    const current = loadCertificate(files);
    const moved = join(folder, 'moved');
    mkdirSync(moved);
    const gone = { certificate: join(moved, 'c.pem'), key: files.key };
    rmSync(moved, { recursive: true });
    const lines: string[] = [];
    const used: ServerCertificate[] = [];
    const log = { info: () => undefined, warn: (text: string) => void lines.push(text), error: () => undefined };
    const renewal = renewCertificate({ files: gone, current, use: (each) => void used.push(each), log });
    onTestFinished(() => renewal.stop());
    expect(lines).toEqual([expect.stringMatching(/^Changes in .*moved go unnoticed \(ENOENT.*send SIGHUP/)]);
    mkdirSync(moved);
    const next = writeCertificate(folder);
    renameSync(next.files.certificate, gone.certificate);
    renewal.reload();
    expect(used).toHaveLength(1);
  });
});

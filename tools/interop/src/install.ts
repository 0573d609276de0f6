import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cache = `${root}.peers`;

/**
 * Makes sure that a program is on the PATH, from Debian's packages where it is missing. Needs root for that; else it says
 * what to install.
 */
export function ensureProgram(program: string, ...aptPackages: string[]): void {
  if (!onPath(program)) aptInstall(program, ...aptPackages);
}

function aptInstall(what: string, ...aptPackages: string[]): void {
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    throw new Error(`${what} is missing: install it (Debian: apt-get install ${aptPackages.join(' ')}) and run again`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  retryOnce(() => {
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...aptPackages], {
      env,
      stdio: 'ignore',
    });
  });
}

const built = new Map<string, string>();

/** Builds a Go peer of `peers/` into the cache and returns the binary's path. Go's own cache makes the second time cheap. */
export function buildGoPeer(name: string): string {
  const known = built.get(name);
  if (known !== undefined) return known;
  if (!onPath('go')) throw new Error('go is missing: the Go peers need Go 1.26 or later (https://go.dev/dl/)');
  const source = fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
  const binary = `${cache}/bin/${name}`;
  mkdirSync(`${cache}/bin`, { recursive: true });
  retryOnce(() =>
    execFileSync('go', ['build', '-o', binary, '.'], { cwd: source, stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  built.set(name, binary);
  return binary;
}

/** Builds a Rust peer of `peers/` into the cache and returns the binary's path. Cargo's own cache makes the second time cheap. */
export function buildCargoPeer(name: string): string {
  const known = built.get(name);
  if (known !== undefined) return known;
  ensureCargo();
  const source = fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
  const target = `${cache}/cargo`;
  const args = ['build', '--quiet', '--release', '--locked', '--target-dir', target];
  retryOnce(() => execFileSync('cargo', args, { cwd: source, stdio: ['ignore', 'ignore', 'inherit'] }));
  const binary = `${target}/release/${name}`;
  built.set(name, binary);
  return binary;
}

/** Builds the C peer on wolfSSL into the cache, unless it is there, and returns the binary's path. */
export function buildWolfSslPeer(): string {
  const source = fileURLToPath(new URL('../peers/wolfssl-peer', import.meta.url));
  const target = `${cache}/wolfssl-peer-${digestOf(source)}`;
  const binary = `${target}/wolfssl-peer`;
  if (!existsSync(binary)) {
    ensureCargo();
    ensureProgram('cmake', 'cmake');
    ensureProgram('make', 'make');
    ensureProgram('cc', 'gcc', 'libc6-dev');
    retryOnce(() => execFileSync(`${source}/build.sh`, [target], { stdio: ['ignore', 'ignore', 'inherit'] }));
  }
  return binary;
}

function ensureCargo(): void {
  if (!onPath('cargo')) throw new Error('cargo is missing: the peers need Rust 1.89 or later (https://rustup.rs)');
}

/** Builds a Maven peer of `peers/` into the cache, unless it is there, and returns the path of its jar. */
export function buildMavenPeer(name: string): string {
  const source = fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
  const target = `${cache}/${name}-${digestOf(source)}`;
  const jar = `${target}/${name}.jar`;
  if (!existsSync(jar)) {
    const args = ['-q', '-B', `-Dpeer.target=${target}`, 'package'];
    retryOnce(() => execFileSync('mvn', args, { cwd: source, stdio: ['ignore', 'ignore', 'inherit'] }));
  }
  return jar;
}

/** A Python of its own with the packages of a requirements file, made unless it is there; returns the interpreter's path. */
export function pythonWith(name: string, requirements: string): string {
  const venv = `${cache}/${name}-${digestOf(requirements)}`;
  const python = `${venv}/bin/python`;
  if (!existsSync(`${venv}/complete`)) {
    ensureVenv();
    retryOnce(() => {
      execFileSync('python3', ['-m', 'venv', '--clear', venv], { stdio: 'ignore' });
      const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
      execFileSync(python, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    });
    writeFileSync(`${venv}/complete`, '');
  }
  return python;
}

/** A folder with the packages of a package.json, installed without their scripts unless it is there; returns its path. */
export function nodeModulesWith(name: string, manifest: string): string {
  const folder = `${cache}/${name}-${digestOf(manifest)}`;
  if (!existsSync(`${folder}/complete`)) {
    mkdirSync(folder, { recursive: true });
    copyFileSync(manifest, `${folder}/package.json`);
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    retryOnce(() => execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }));
    writeFileSync(`${folder}/complete`, '');
  }
  return folder;
}

/** Debian keeps what `python3 -m venv` needs in a package of its own. */
function ensureVenv(): void {
  try {
    execFileSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' });
  } catch {
    aptInstall('python3 with venv', 'python3-venv');
  }
}

/** A Debian of another release with these packages, made unless it is there; returns its root. Takes root. */
export function debianRoot(release: string, ...packages: string[]): string {
  const target = `${cache}/${[release, ...packages].join('-')}`;
  if (!existsSync(`${target}/complete`)) {
    ensureProgram('debootstrap', 'debootstrap');
    const args = ['--variant=minbase', `--include=${packages.join(',')}`, release, target, debianMirror()];
    retryOnce(() => {
      rmSync(target, { recursive: true, force: true });
      execFileSync('debootstrap', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    });
    writeFileSync(`${target}/complete`, '');
  }
  return target;
}

/** The mirror that this machine takes its packages from. */
function debianMirror(): string {
  for (const [file, pattern] of [
    ['/etc/apt/sources.list.d/debian.sources', /^URIs: *(\S+)/m],
    ['/etc/apt/sources.list', /^deb (?:\[.*?\] )?(\S+)/m],
  ] as const) {
    const mirror = existsSync(file) ? pattern.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
    if (mirror !== undefined) return mirror;
  }
  throw new Error('this machine does not say where it takes Debian packages from');
}

/** A name for the contents of a file or a folder: another source makes another peer. */
function digestOf(path: string): string {
  const hash = createHash('sha256');
  const files = statSync(path).isFile()
    ? [path]
    : readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`)
        .sort();
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

/** Whether a program can be started by its name. */
export function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((dir) => existsSync(`${dir}/${program}`));
}

/** Package servers stumble; a second try is fair, a third would hide something. */
function retryOnce(action: () => void): void {
  try {
    action();
  } catch {
    action();
  }
}

import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { CertificateFiles } from './server-certificate.ts';

/** Milliseconds from the first sign of a change until the files are read: renewals write one after the other. */
const SETTLE = 1000;

/** Whom a watch tells. */
export interface CertificateWatchListener {
  /** The files may have changed. */
  readonly onChange: () => void;
  /** A folder cannot be watched, so that nobody will be told of its changes. */
  readonly onError: (error: unknown, folder: string) => void;
}

/**
 * Watches the folders of certificate files, not the files: renewals put new ones in their place, or turn a symbolic link
 * somewhere else.
 *
 * @returns ends the watch
 */
export function watchCertificateFiles(
  files: CertificateFiles,
  { onChange, onError }: CertificateWatchListener,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const settle = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange();
    }, SETTLE).unref();
  };
  const folders = new Set([files.certificate, files.key].map((path) => dirname(path)));
  const watchers = [...folders].map((folder) => watchFolder(folder, settle, onError));
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher?.close();
  };
}

function watchFolder(
  folder: string,
  onEvent: () => void,
  onError: CertificateWatchListener['onError'],
): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, onEvent).on('error', (error) => onError(error, folder));
  } catch (error) {
    onError(error, folder);
    return undefined;
  }
}

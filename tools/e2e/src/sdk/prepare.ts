import { type Logger, logger } from 'matrix-js-sdk/lib/logger.js';

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason?: unknown) => void;
}

function withResolvers<T>(): Resolvers<T> {
  let resolve!: Resolvers<T>['resolve'];
  let reject!: Resolvers<T>['reject'];
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}

// matrix-js-sdk takes for granted what Node 20 has not yet.
if (!('withResolvers' in Promise)) Object.assign(Promise, { withResolvers });

/** Says nothing: what an app under test logs would bury what the test says. */
export const quietLogger: Logger = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  getChild: () => quietLogger,
};

// The parts of the SDK that take no logger use this one of loglevel, or bind its methods when they load.
Object.assign(logger, { methodFactory: () => () => {} });
(logger as typeof logger & { disableAll(): void }).disableAll();

import { shell } from './shell.ts';

/** Where `coap` and `jc` find each other and the proxy. */
export interface Place {
  /** A folder with `./coap` and `./jc`. */
  readonly folder: string;
  /** The proxy's, on localhost. */
  readonly port: number;
}

/** One request as the command line has it. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From `/_matrix` on, percent-encoded. */
  readonly path: string;
  /** JSON text, or `@file` in the folder. */
  readonly body?: string;
  readonly token?: string;
  /** More flags of `coap`. */
  readonly flags?: string;
}

/** What came back. */
export interface Reply {
  /** As `jc` printed it. */
  readonly text: string;
  readonly json: unknown;
  /** What `coap` said. */
  readonly stderr: string;
  /** The exit code of `coap`; those of `jc` were 0. */
  readonly code: number;
}

/**
 * Sends a request as `jc … | coap … | jc -c2j -`: nothing else knows CBOR or CoAP here.
 *
 * @throws Error when one of the two `jc` fails
 */
export async function coapAndJc({ folder, port }: Place, call: Call): Promise<Reply> {
  const { method, path, body, token, flags = '' } = call;
  const encode = body === undefined ? '' : './jc "$BODY" | ';
  const authorization = token === undefined ? '' : '-H "Authorization: Bearer $TOKEN"';
  const data = body === undefined ? '' : '-d -';
  const coap = `./coap -k -X ${method} ${authorization} ${data} ${flags} 'https://localhost:${port}${path}'`;
  const { stdout, stderr, codes } = await shell(`${encode}${coap} | ./jc -c2j -`, {
    cwd: folder,
    env: { BODY: body ?? '', TOKEN: token ?? '' },
  });
  const code = codes.at(-2)!;
  if (codes.some((each, i) => each !== 0 && i !== codes.length - 2)) {
    throw new Error(`${method} ${path}: the pipeline ended with ${codes}\n${stderr}`);
  }
  return { text: stdout, json: JSON.parse(stdout), stderr, code };
}

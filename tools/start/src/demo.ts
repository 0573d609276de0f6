import { runCli } from '@lb-matrix/cli-args';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { runProxy } from '@lb-matrix/proxy/run-proxy';

/** Nobody reaches a demo from outside unless told so: all of it is on loopback. */
const LOOPBACK = ['--dtls-bind-addr', '127.0.0.1:8008', '--advertise', 'http://127.0.0.1:8008'];

/**
 * Runs the proxy in front of a demo homeserver, both in this process, so that neither can outlive the other. What the command line
 * says of the proxy goes through; with a `--dtls-bind-addr` of its own it also decides about `--advertise`.
 */
async function runDemo(argv: readonly string[]): Promise<number> {
  const bound = argv.some((argument) => /^--?dtls-bind-addr(=|$)/.test(argument));
  let about = '';
  const homeserver = await startDemoHomeserver({
    log: (line) => {
      about = line;
    },
  });
  try {
    return await runProxy(['--local', homeserver.url, ...(bound ? [] : LOOPBACK), ...argv], {
      onListening: (tryUrl) => {
        const url = tryUrl.replace('//127.0.0.1:', '//localhost:');
        console.error(`${about}

Try it: paste this line into a second terminal, in the same folder.

    npm run -s coap -- -k '${url}' | npm run -s jc -- -c2j -
`);
      },
    });
  } finally {
    await homeserver.close();
  }
}

await runCli('npm start --', () => runDemo(process.argv.slice(2)));

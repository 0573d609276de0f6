import { parseArgs } from 'node:util';
import { measureWire } from './measure.ts';
import { figuresOf, formatTable } from './report.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10' }, json: { type: 'boolean' } } });
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs takes a number of runs, not ${values.runs}`);

const figures = (await measureWire(runs)).map(figuresOf);
if (values.json) console.log(JSON.stringify(figures, null, 2));
else {
  console.log(formatTable(figures));
  console.log(`
${runs} runs, each with a handshake and a certificate of its own. A range comes from the length of ECDSA signatures in
DER, 69 to 72 bytes each: two of them cross the wire in a handshake. IP bytes: 28 of IPv4 and UDP headers a datagram.`);
}

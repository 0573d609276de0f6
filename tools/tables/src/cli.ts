import { createHash } from 'node:crypto';
import { buildDictionary } from './dictionary.ts';

// Prints what packages/msc3079-mapper/src/tables/dictionary-<version>.json holds.
const bytes = buildDictionary();
const sha256 = createHash('sha256').update(bytes).digest('hex');
console.log(JSON.stringify({ version: 1, sha256, base64: bytes.toString('base64') }, null, 2));

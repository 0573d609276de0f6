import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { CertificateError } from '../../src/x509/errors.ts';
import { verifyPeer } from '../../src/x509/verify-peer.ts';
import { NOW } from '../support/certificate-maker.ts';
import { chainCases } from './chain-cases.ts';
import { nameCases } from './name-cases.ts';
import type { PathCase } from './path-cases.ts';
import { signatureCases } from './signature-cases.ts';

function verify({ chain, roots, serverName, purpose = 'serverAuth', at = NOW }: PathCase): {
  readonly spki: Uint8Array;
} {
  return verifyPeer(
    chain.map(({ der }) => der),
    { roots: roots.map(({ der }) => der), serverName, purpose, at, crypto: nodeCrypto },
  );
}

describe.each([
  ['chains (RFC 5280 6.1)', chainCases],
  ['names (RFC 6125, RFC 5280 4.2.1.10)', nameCases],
  ['signatures', signatureCases],
] as const)('verifyPeer: %s', (_title, cases) => {
  const accepted = cases.filter(({ reason }) => reason === undefined);
  const refused = cases.filter(({ reason }) => reason !== undefined);

  test.each(accepted)('accepts $name', (given) => {
    expect(verify(given).spki).toEqual(given.chain[0]!.signer.spki);
  });

  test.each(refused)('$reason: $name', (given) => {
    expect(() => verify(given)).toThrow(CertificateError);
    expect(() => verify(given)).toThrow(expect.objectContaining({ reason: given.reason }));
  });
});

import { describe, expect, it } from 'vitest';
import { comparable, type Outcome, renderDocument } from '../src/docs/document.ts';

const peers = [
  { name: 'A', about: 'a peer', version: '1.0' },
  { name: 'B', about: 'another', version: '2.0' },
];
const outcome = (feature: string, peer: string, more: Partial<Outcome> = {}): Outcome => ({
  table: 'Tricks',
  feature,
  peer,
  direction: 'we connect',
  ...more,
});
const page = renderDocument(peers, [
  outcome('jump', 'A'),
  outcome('jump', 'A', { direction: 'it connects' }),
  outcome('jump', 'B', { direction: 'it connects' }),
  outcome('jump', 'B', { notRun: 'it has no legs' }),
  outcome('sit', 'A', { notRun: 'too proud' }),
  outcome('sit', 'B', { notRun: 'it has no legs' }),
]);

describe('docs/interop.md', () => {
  it('says of each feature and peer in which directions it ran', () => {
    expect(page).toContain('| jump | both | it connects |');
    expect(page).toContain('| sit | - | - |');
  });

  it('gives the reason of everything that did not run', () => {
    expect(page).toContain('- A: sit (we connect): too proud.');
    expect(page).toContain('- B: jump; sit (we connect): it has no legs.');
  });

  it('is the same page on another machine with other versions, and another one with other results', () => {
    const elsewhere = renderDocument([{ ...peers[0]!, version: '1.1' }, peers[1]!], []);
    expect(comparable(elsewhere)).toBe(comparable(renderDocument(peers, [])));
    expect(comparable(page)).not.toBe(comparable(renderDocument(peers, [])));
    expect(comparable(page)).toContain('| jump | both | it connects |');
  });
});

import type { Cell, Direction } from '../cell.ts';

/** A cell and what became of it. */
export interface Outcome extends Cell {
  /** Why it did not run; undefined when it ran and passed. */
  readonly notRun?: string | undefined;
}

export interface PeerLine {
  readonly name: string;
  readonly about: string;
  readonly version: string;
}

const INTRO = `# Interoperability

What runs against programs that nobody here wrote. This page is made by the run that it tells of: \`pnpm test:interop\` installs the
peers, runs every cell, and fails when this page says something else; \`UPDATE_DOCS=1 pnpm test:interop\` writes it anew. Only the
versions may differ from machine to machine.

In the tables, "both" means that our client has spoken with the peer's server and the peer's client with our server; "we connect"
and "it connects" mean that only this one direction ran. Everything that did not run has its reason below its table.
`;

/** docs/interop.md for these peers and outcomes, both in their order. */
export function renderDocument(peers: readonly PeerLine[], outcomes: readonly Outcome[]): string {
  const tables = unique(outcomes.map(({ table }) => table));
  const parts = [
    INTRO,
    `## Peers\n\n${grid([['peer', 'what it is', 'version'], ...peers.map((peer) => [peer.name, peer.about, peer.version])])}`,
    ...tables.map((table) =>
      renderTable(
        table,
        peers,
        outcomes.filter((outcome) => outcome.table === table),
      ),
    ),
  ];
  return parts.join('\n');
}

/** The document without what differs from machine to machine: the last column of the peers. */
export function comparable(document: string): string {
  const sections = document.split(/^(?=## )/m);
  return sections
    .map((section) => (section.startsWith('## Peers') ? section.replace(/\|[^|\n]*\|$/gm, '|') : section))
    .join('');
}

function renderTable(table: string, peers: readonly PeerLine[], outcomes: readonly Outcome[]): string {
  const columns = peers.map(({ name }) => name).filter((name) => outcomes.some(({ peer }) => peer === name));
  const rows = unique(outcomes.map(({ feature }) => feature)).map((feature) => [
    feature,
    ...columns.map((name) => said(outcomes.filter((one) => one.feature === feature && one.peer === name))),
  ]);
  const reasons = notRun(outcomes);
  return [
    `## ${table}\n`,
    grid([['', ...columns], ...rows]),
    ...(reasons.length === 0 ? [] : [`Not run:\n\n${reasons.join('\n')}\n`]),
  ].join('\n');
}

/** What a cell of the table says. */
function said(outcomes: readonly Outcome[]): string {
  const ran = outcomes.filter((one) => one.notRun === undefined);
  if (ran.length === 0) return '-';
  const directions = unique(ran.map(({ direction }) => direction));
  if (directions.length > 1) return 'both';
  return directions[0] ?? 'ok';
}

/** A line for each reason, with the peers, features and directions that it stands for. */
function notRun(outcomes: readonly Outcome[]): string[] {
  const skipped = outcomes.filter((one) => one.notRun !== undefined);
  return unique(skipped.map((one) => one.notRun!)).map((reason) => {
    const cells = skipped.filter((one) => one.notRun === reason);
    const peers = unique(cells.map(({ peer }) => peer));
    const features = unique(cells.map(({ feature }) => feature));
    const directions: (Direction | undefined)[] = unique(cells.map(({ direction }) => direction));
    const where = directions.length === 1 && directions[0] !== undefined ? ` (${directions[0]})` : '';
    return `- ${peers.join(', ')}: ${features.join('; ')}${where}: ${reason}.`;
  });
}

function grid([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `${[line(head!), line(head!.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

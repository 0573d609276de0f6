import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node';
import { comparable, type Outcome, renderDocument } from './document.ts';
import { PEERS } from './peers.ts';

const file = new URL('../../../../docs/interop.md', import.meta.url);

/**
 * Makes docs/interop.md of what the tests say of themselves (`meta.cell`). A whole run compares, and fails on a difference; with
 * UPDATE_DOCS=1 it writes. A run of some tests only does neither.
 */
export default class InteropReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly unknown[],
    reason: TestRunEndReason,
  ): Promise<void> {
    if (reason !== 'passed' || errors.length > 0 || (await this.#isPartial(modules))) return;
    const outcomes = outcomesOf(modules);
    const absent = new Set(outcomes.flatMap(({ notRun }) => (notRun?.startsWith('absent: ') ? [notRun] : [])));
    if (absent.size > 0) {
      console.log(`docs/interop.md is not compared, for lack of peers: ${[...absent].join('; ')}`);
      return;
    }
    const peers = PEERS.map(({ name, about, version }) => ({ name, about, version: version() }));
    const made = renderDocument(peers, outcomes);
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync(file, made);
      return;
    }
    if (!existsSync(file) || comparable(readFileSync(file, 'utf8')) !== comparable(made)) {
      console.error(
        'docs/interop.md does not say what this run has shown: UPDATE_DOCS=1 pnpm test:interop writes it anew',
      );
      process.exitCode = 1;
    }
  }

  async #isPartial(modules: readonly TestModule[]): Promise<boolean> {
    const vitest = this.#vitest!;
    return (
      vitest.config.testNamePattern !== undefined || modules.length < (await vitest.globTestSpecifications()).length
    );
  }
}

/** In the order of the files' names, so that the order of running does not matter. */
function outcomesOf(modules: readonly TestModule[]): Outcome[] {
  return [...modules]
    .sort((a, b) => a.moduleId.localeCompare(b.moduleId))
    .flatMap((module) => [...module.children.allTests()])
    .flatMap((test) => {
      const { cell } = test.meta();
      const result = test.result();
      if (cell === undefined) return [];
      return [{ ...cell, notRun: result.state === 'skipped' ? (result.note ?? 'without a reason') : undefined }];
    });
}

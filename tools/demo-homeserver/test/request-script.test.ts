import { describe, expect, it } from 'vitest';
import { startDemoHomeserver } from '../src/index.ts';
import { fetchRequest, rateLimitScript, requestScript, runScript } from '../src/request-script/index.ts';

describe('the request script', () => {
  it('finds everything as it expects', { timeout: 30_000 }, async () => {
    const demo = await startDemoHomeserver({ log: () => {} });
    const { problems, exchanges } = await runScript(requestScript, fetchRequest(demo.url)).finally(demo.close);
    expect(problems).toEqual([]);
    expect(exchanges.length).toBeGreaterThan(requestScript.length);
  });

  it('names its steps so that they can be told apart', () => {
    const names = requestScript.flatMap((step) => [step.name, step.meanwhile?.name ?? []]).flat();
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('finds the rate limited', async () => {
    const demo = await startDemoHomeserver({ log: () => {}, rateLimit: { perSecond: 0.2, burstCount: 3 } });
    const { problems } = await runScript(rateLimitScript, fetchRequest(demo.url)).finally(demo.close);
    expect(problems).toEqual([]);
  });
});

import { isArray, isObject, type Json } from '../json.ts';
import type { Transcript } from './run.ts';
import { collapseJson } from './variables.ts';

/** A difference between two homeservers that is all right, and why. */
export interface Allowance {
  /** Matches the difference as it is reported, without the step: `/device_lists: absent, there object`. */
  readonly difference: RegExp;
  /** For people. */
  readonly why: string;
}

/** What a comparison came to. */
export interface Comparison {
  /** What differs and is not allowed to, a line each. */
  readonly differences: readonly string[];
  /** Allowances that nothing needed. */
  readonly unused: readonly Allowance[];
}

/** Keys whose strings say what kind of answer or event it is: there the values count, elsewhere only the types. */
const TELLING = new Set(['errcode', 'type', 'state_key', 'sender', 'membership', 'kind', 'rule_id', 'user_id']);

/**
 * Compares the answers of two runs of the same script: status, error codes, the keys at every depth, the types of the values behind
 * them, and the telling values. Captured values count as equal to each other.
 */
export function compareTranscripts(
  ours: Transcript,
  theirs: Transcript,
  allowances: readonly Allowance[] = [],
): Comparison {
  const used = new Set<Allowance>();
  const differences: string[] = [];
  const others = new Map(theirs.exchanges.map((exchange) => [exchange.step.name, exchange]));
  for (const { step, status, body } of ours.exchanges) {
    const other = others.get(step.name);
    if (other === undefined) {
      differences.push(`${step.name}: no answer there`);
      continue;
    }
    const left = shapeOf({ status, body: collapseJson(body, ours.variables) });
    const right = shapeOf({ status: other.status, body: collapseJson(other.body, theirs.variables) });
    for (const [path, here, there] of topmostDifferences(left, right)) {
      const difference = `${path}: ${here}, there ${there}`;
      const allowance = allowances.find((candidate) => candidate.difference.test(difference));
      if (allowance === undefined) differences.push(`${step.name}: ${difference}`);
      else used.add(allowance);
    }
  }
  return { differences, unused: allowances.filter((allowance) => !used.has(allowance)) };
}

type Shape = ReadonlyMap<string, string>;

/** Where two shapes differ; what lies below a path that one of them has not is left out. */
function topmostDifferences(left: Shape, right: Shape): (readonly [path: string, here: string, there: string])[] {
  const missing = new Set<string>();
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((path) => {
    const here = left.get(path);
    const there = right.get(path);
    if (here === there || [...missing].some((parent) => path.startsWith(parent))) return [];
    if (here === undefined || there === undefined) missing.add(path);
    return [[path, here ?? 'absent', there ?? 'absent'] as const];
  });
}

/** Every path of an answer, parents first, and what stands there: a type, a telling value, or how many elements are alike. */
function shapeOf({ status, body }: { readonly status: number; readonly body: Json }): Shape {
  const shape = new Map([['status', String(status)]]);
  const describe = (path: string, key: string, value: Json): void => {
    if (isArray(value)) {
      shape.set(path, 'array');
      for (const element of value) {
        const named = `${path}[${nameOf(element)}]`;
        describe(named, '', element);
        const alike = value.filter((sibling) => nameOf(sibling) === nameOf(element)).length;
        shape.set(named, `${alike} elements`);
      }
    } else if (isObject(value)) {
      shape.set(path, 'object');
      for (const [name, member] of Object.entries(value)) describe(`${path}/${name}`, name, member);
    } else {
      shape.set(path, TELLING.has(key) ? JSON.stringify(value) : value === null ? 'null' : typeof value);
    }
  };
  describe('', '', body);
  return shape;
}

/** What tells an element of an array from others, so that it is compared with its like whatever the order. */
function nameOf(element: Json): string {
  if (!isObject(element)) return isArray(element) ? '' : String(element);
  const { type = element.rule_id ?? element.device_id ?? '', state_key: stateKey = '' } = element;
  return [type, stateKey].filter((part) => part !== '').join(' ');
}

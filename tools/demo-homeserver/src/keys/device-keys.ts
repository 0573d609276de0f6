import type { Json, JsonObject } from '../json.ts';

/** The public keys of a device. */
export interface DeviceKeys {
  /** `device_keys` as it was uploaded; `undefined` before. */
  identity: JsonObject | undefined;
  /** One-time keys by `algorithm:id`, oldest first. */
  readonly oneTime: Map<string, Json>;
  /** The fallback key of each algorithm. */
  readonly fallback: Map<string, FallbackKey>;
}

/** What is handed out when the one-time keys have run out. */
interface FallbackKey {
  /** `algorithm:id` */
  readonly id: string;
  readonly key: Json;
  /** Whether somebody was given it. */
  used: boolean;
}

/** A device that has uploaded nothing. */
export function createDeviceKeys(): DeviceKeys {
  return { identity: undefined, oneTime: new Map(), fallback: new Map() };
}

/** `device_one_time_keys_count`. The algorithm that everybody uses is always there. */
export function oneTimeKeyCounts({ oneTime }: DeviceKeys): JsonObject {
  const counts: Record<string, number> = { signed_curve25519: 0 };
  for (const id of oneTime.keys()) {
    const algorithm = algorithmOf(id);
    counts[algorithm] = (counts[algorithm] ?? 0) + 1;
  }
  return counts;
}

/** `device_unused_fallback_key_types`. */
export function unusedFallbackKeyTypes({ fallback }: DeviceKeys): string[] {
  return [...fallback].filter(([, { used }]) => !used).map(([algorithm]) => algorithm);
}

/** Sets a fallback key in place of the former one of its algorithm. */
export function setFallbackKey({ fallback }: DeviceKeys, id: string, key: Json): void {
  fallback.set(algorithmOf(id), { id, key, used: false });
}

/** Gives a one-time key away, or the fallback key when none is left: `{ "algorithm:id": key }`. */
export function claimKey({ oneTime, fallback }: DeviceKeys, algorithm: string): JsonObject | undefined {
  for (const [id, key] of oneTime) {
    if (algorithmOf(id) !== algorithm) continue;
    oneTime.delete(id);
    return { [id]: key };
  }
  const last = fallback.get(algorithm);
  if (last === undefined) return undefined;
  last.used = true;
  return { [last.id]: last.key };
}

function algorithmOf(id: string): string {
  return id.slice(0, id.indexOf(':'));
}

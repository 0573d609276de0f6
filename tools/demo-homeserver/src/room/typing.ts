/** Who is typing in a room. */
export interface Typing {
  /** User id -> stops the timer that ends it. */
  readonly users: Map<string, () => void>;
  /** Stream position of the latest change; 0 when nobody ever typed. */
  position: number;
}

/** Nobody types. */
export function createTyping(): Typing {
  return { users: new Map(), position: 0 };
}

import { type BodyForm, keyBytes } from './body-form.ts';

/** Finds the name that a key stands for, by its bytes as a string; `undefined` for a name that is not among those looked for. */
export type NameOf = (key: string) => string | undefined;

/** Makes it, for a form. */
export function keyNames(looked: readonly string[]): (form: BodyForm) => NameOf {
  const forms = new Map<string, ReadonlyMap<string, string>>();
  return (form) => {
    const id = `${form.keys?.version} ${form.base64}`;
    let known = forms.get(id);
    if (known === undefined) {
      known = new Map(looked.map((name) => [keyBytes(name, form), name]));
      forms.set(id, known);
    }
    const names = known;
    return (key) => names.get(key);
  };
}

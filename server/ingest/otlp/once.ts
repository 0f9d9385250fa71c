type Outcome<T> = { readonly value: T } | { readonly error: unknown };

function outcomeOf<T>(compute: () => T): Outcome<T> {
  try {
    return { value: compute() };
  } catch (error) {
    return { error };
  }
}

/** Computes once for each key, however dear, and gives or throws the same each time. */
export function oncePer<Key extends object, T>(compute: (key: Key) => T): (key: Key) => T {
  const outcomes = new WeakMap<Key, Outcome<T>>();
  return (key) => {
    const outcome = outcomes.get(key) ?? outcomeOf(() => compute(key));
    outcomes.set(key, outcome);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}

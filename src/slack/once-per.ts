/** What is worked out of something that never changes, such as a state: once, and kept for as long as that is. */
export function oncePer<K extends object, T>(work: (of: K) => T): (of: K) => T {
  const known = new WeakMap<K, { readonly result: T }>();
  return (of) => {
    const kept = known.get(of) ?? { result: work(of) };
    known.set(of, kept);
    return kept.result;
  };
}

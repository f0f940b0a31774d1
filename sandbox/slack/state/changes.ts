/** A counter that rises with everything that happens, so that a client can wait for the next thing instead of sleeping. */
export interface Changes {
  readonly count: () => number;
  /** @returns the count that this change made it */
  readonly note: () => number;
  /** Resolves with the count as soon as it is above `since`, or after `timeoutMs` with whatever it is then. */
  readonly after: (since: number, timeoutMs: number) => Promise<number>;
  /** Lets everybody who waits go. */
  readonly release: () => void;
}

export function createChanges(): Changes {
  let count = 0;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resume of [...waiting]) resume();
  };
  return {
    count: () => count,
    note: () => {
      count += 1;
      wake();
      return count;
    },
    after: (since, timeoutMs) =>
      new Promise((resolve) => {
        if (count > since) return resolve(count);
        const resume = () => {
          clearTimeout(timer);
          waiting.delete(resume);
          resolve(count);
        };
        const timer = setTimeout(resume, timeoutMs);
        waiting.add(resume);
      }),
    release: wake,
  };
}

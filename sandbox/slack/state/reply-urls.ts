const USES = 5;
const LIFETIME_MS = 30 * 60 * 1000;

/** Where a `response_url` leads: who acted, in which channel, and on which message if it was one. */
export interface ReplyTarget {
  readonly personId: string;
  readonly channel: string;
  readonly messageTs: string | undefined;
  readonly threadTs: string | undefined;
}

/** The URLs behind `response_url`: five uses in thirty minutes. */
export interface ReplyUrls {
  readonly issue: (target: ReplyTarget) => string;
  readonly use: (path: string) => Used;
}

type Used =
  | { readonly ok: true; readonly target: ReplyTarget }
  | { readonly ok: false; readonly error: "expired_url" | "used_url" };

/** @param makePath gives a fresh path below the stand-in's address */
export function createReplyUrls(base: () => string, makePath: () => string): ReplyUrls {
  const issued = new Map<string, { readonly target: ReplyTarget; readonly expiresAt: number; left: number }>();
  return {
    issue: (target) => {
      const path = makePath();
      issued.set(path, { target, expiresAt: Date.now() + LIFETIME_MS, left: USES });
      return base() + path;
    },
    use: (path) => {
      const entry = issued.get(path);
      if (entry === undefined || Date.now() > entry.expiresAt) return { ok: false, error: "expired_url" };
      if (entry.left === 0) return { ok: false, error: "used_url" };
      entry.left -= 1;
      return { ok: true, target: entry.target };
    },
  };
}

/** What is open in one channel, and whose turn it is. Pure. */
import type { FederationId } from "../../federation/model/identity.ts";
import type { Standing } from "./pace.ts";

export interface Place {
  readonly federation: FederationId;
  readonly standing: Standing;
  readonly importance: "act" | "tell";
  readonly kind: "post" | "rewrite";
  /** The lower, the earlier among the posts, or the rewritings, of one federation. */
  readonly order: number;
}

interface Turn<Entry> {
  readonly post: { readonly entry: Entry; readonly order: number }[];
  readonly rewrite: { readonly entry: Entry; readonly order: number }[];
  postsInARow: number;
}

type Allowed = Readonly<Record<Place["kind"], boolean>>;
const STANDINGS = ["living", "ended"] as const;
const KINDS = ["post", "rewrite"] as const;

type Ranks<Entry> = Readonly<Record<Place["importance"], Map<FederationId, Turn<Entry>>>>;

/** A rewriting waits for so many posts of its federation at most. */
const MOST_POSTS_IN_A_ROW = 5;

/**
 * What living federations want done goes before what ended ones want, what calls for an act before what only tells.
 * Among equals federations take turns, and each posts before it rewrites.
 */
export class Queue<Entry> {
  /** In each the federation that waits longest is first. */
  readonly #ranks: Readonly<Record<Standing, Ranks<Entry>>> = {
    living: { act: new Map(), tell: new Map() },
    ended: { act: new Map(), tell: new Map() },
  };
  readonly #counts = { living: { post: 0, rewrite: 0 }, ended: { post: 0, rewrite: 0 } };
  readonly #places = new Map<Entry, Place>();

  get size(): number {
    return this.#places.size;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  add(entry: Entry, place: Place): void {
    this.delete(entry);
    this.#places.set(entry, place);
    const rank = this.#rankOf(place);
    const turn = rank.get(place.federation) ?? { post: [], rewrite: [], postsInARow: 0 };
    rank.set(place.federation, turn);
    const line = turn[place.kind];
    const after = line.findLastIndex(({ order }) => order <= place.order);
    line.splice(after + 1, 0, { entry, order: place.order });
    this.#counts[place.standing][place.kind] += 1;
  }

  delete(entry: Entry): void {
    const place = this.#places.get(entry);
    if (place === undefined) return;
    this.#places.delete(entry);
    this.#counts[place.standing][place.kind] -= 1;
    const rank = this.#rankOf(place);
    const turn = rank.get(place.federation);
    if (turn === undefined) return;
    const line = turn[place.kind];
    line.splice(
      line.findIndex((each) => each.entry === entry),
      1,
    );
    if (turn.post.length + turn.rewrite.length === 0) rank.delete(place.federation);
  }

  /** Takes the next one out that may go now; null when none may. */
  take(mayGo: (kind: Place["kind"], standing: Standing) => boolean): Entry | null {
    for (const standing of STANDINGS) {
      const allowed = { post: mayGo("post", standing), rewrite: mayGo("rewrite", standing) };
      const { act, tell } = this.#ranks[standing];
      const next = this.#takeFrom(act, allowed) ?? this.#takeFrom(tell, allowed);
      if (next !== null) return next;
    }
    return null;
  }

  #takeFrom(rank: Map<FederationId, Turn<Entry>>, allowed: Allowed): Entry | null {
    for (const [federation, turn] of rank) {
      const kind = nextKind(turn, allowed);
      const next = kind === null ? undefined : turn[kind][0];
      if (kind === null || next === undefined) continue;
      this.#goesLast(rank, federation, turn, kind);
      this.delete(next.entry);
      return next.entry;
    }
    return null;
  }

  #goesLast(
    rank: Map<FederationId, Turn<Entry>>,
    federation: FederationId,
    turn: Turn<Entry>,
    kind: Place["kind"],
  ): void {
    turn.postsInARow = kind === "post" ? turn.postsInARow + 1 : 0;
    rank.delete(federation);
    rank.set(federation, turn);
  }

  /** Of which kinds and for whom something is open. */
  held(): readonly Pick<Place, "kind" | "standing">[] {
    return STANDINGS.flatMap((standing) =>
      KINDS.filter((kind) => this.#counts[standing][kind] > 0).map((kind) => ({ kind, standing })),
    );
  }

  #rankOf({ standing, importance }: Place): Map<FederationId, Turn<Entry>> {
    return this.#ranks[standing][importance];
  }
}

function nextKind<Entry>({ post, rewrite, postsInARow }: Turn<Entry>, allowed: Allowed): Place["kind"] | null {
  const [posts, rewrites] = [allowed.post && post.length > 0, allowed.rewrite && rewrite.length > 0];
  if (posts && !(rewrites && postsInARow >= MOST_POSTS_IN_A_ROW)) return "post";
  return rewrites ? "rewrite" : null;
}

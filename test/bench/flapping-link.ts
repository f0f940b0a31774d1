/** A federation one of whose sites has a link that is down every other half minute, as long as it is let live. */

import { setImmediate as breath } from "node:timers/promises";
import type { Federation } from "../../src/federation/model/state.ts";
import { Watch } from "../../src/rollout/watch.ts";
import { contentHash } from "../../src/slack/message.ts";
import { isSeen, messagesOf } from "../../src/slack/projection/projection.ts";
import type { Store } from "../../src/store/open-store.ts";
import { encode } from "../../src/store/state-codec.ts";
import { HOUR, MINUTE, SECOND, zone } from "../builders/decision-context.ts";
import { fill, openFilled } from "./filling.ts";
import { CONTEXT, lookAt, runningStory, type Telling, teller } from "./stories.ts";

const ZONES = ["alpha", "beta", "gamma"] as const;
const FLAPPING = "beta";
/** Between two looks, as while something is about to be told. */
const PAUSE = 5 * SECOND;

/** Counts what would be sent to Slack: messages that are new, and cards that show something else. */
class CountingOutbox {
  readonly #standing = new Map<string, string>();
  posts = 0;
  rewrites = 0;

  want(federation: Federation): void {
    for (const message of messagesOf(federation, { directory: CONTEXT, planBlock: true })) {
      const hash = contentHash(message);
      const before = this.#standing.get(message.key);
      if (before === undefined) this.posts += 1;
      else if (before !== hash && message.kind === "card") this.rewrites += 1;
      this.#standing.set(message.key, hash);
    }
  }

  forgetCounts(): void {
    this.posts = 0;
    this.rewrites = 0;
  }
}

/** What the zone shows while the link of its SuperNodes is down. */
const broken = (telling: Telling): Telling => ({
  ...telling,
  zones: new Map(
    [...telling.zones].map(([name, shown]) => {
      if (name !== FLAPPING) return [name, shown];
      const vms = shown.vms.map((vm) => ({
        ...vm,
        attributes: {
          ...vm.attributes,
          FL_STAGE: "connecting",
          FL_REASON: "link-down",
          FL_LINK: "unreachable",
          READY: "NO",
        },
      }));
      return [name, { ...shown, vms }];
    }),
  ),
});

/** What has come of it so far. */
export interface Left {
  readonly events: number;
  /** Bytes of the journal, and of the state with what is known of the moment. */
  readonly journal: number;
  readonly state: number;
  readonly posts: number;
  readonly rewrites: number;
}

export class FlappingLink {
  readonly #store: Store;
  readonly #watch: Watch;
  readonly #outbox = new CountingOutbox();
  readonly #well: Telling;
  readonly #time: { readonly begun: number; elapsed: number };

  private constructor(store: Store, well: Telling, time: { readonly begun: number; elapsed: number }) {
    this.#store = store;
    this.#well = well;
    this.#time = time;
    this.#watch = new Watch({
      store: store.federations,
      pollHints: () => ({ expect: () => undefined, pollSoon: () => undefined }),
      clock: () => time.elapsed,
      onSeen: () => undefined,
    });
    this.#outbox.want(this.#federation());
    this.#outbox.forgetCounts();
    store.federations.onChange((after, _before, recorded) => {
      if (recorded.some(({ event }) => isSeen(event))) this.#outbox.want(after);
    });
  }

  /** `directory` is made. */
  static async open(directory: string): Promise<FlappingLink> {
    const well = teller(runningStory())(1);
    await fill(directory, [well]);
    const time = { begun: Date.parse(well.recorded.at(-1)?.at ?? "") + HOUR, elapsed: 0 };
    const now = (): string => new Date(time.begun + time.elapsed).toISOString();
    return new FlappingLink(await openFilled(directory, { now }), well, time);
  }

  /** Hours in which a site's zones are looked at after each pause, given in milliseconds. */
  async lives(hours: number, pause = PAUSE): Promise<void> {
    const ill = broken(this.#well);
    const time = this.#time;
    for (const end = time.elapsed + hours * HOUR; time.elapsed < end; time.elapsed += pause) {
      const isDown = time.elapsed % MINUTE >= MINUTE / 2;
      const now = new Date(time.begun + time.elapsed).toISOString();
      for (const name of ZONES) await this.#watch.see(zone(name), lookAt(name, [isDown ? ill : this.#well], now));
      await breath();
    }
  }

  left(): Left {
    const federation = this.#federation();
    const { posts, rewrites } = this.#outbox;
    return {
      events: federation.seq,
      journal: this.#store.federations.head(federation.id)?.end ?? 0,
      state: JSON.stringify(encode([federation, this.#watch.live(federation.id)])).length,
      posts,
      rewrites,
    };
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #federation(): Federation {
    const [federation] = this.#store.federations.living();
    if (federation === undefined) throw new Error("No federation lives.");
    return federation;
  }
}

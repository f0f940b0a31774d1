/** What a day of a link that goes down and comes back each minute leaves: events, bytes of journal, and messages. */

import { join } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import type { Federation } from "../../src/federation/model/state.ts";
import { Watch } from "../../src/rollout/watch.ts";
import { contentHash } from "../../src/slack/message.ts";
import { isSeen, messagesOf } from "../../src/slack/projection/projection.ts";
import { HOUR, MINUTE, SECOND, zone } from "../builders/decision-context.ts";
import { inDirectory } from "./directories.ts";
import type { Figure } from "./figures.ts";
import { fill, openFilled } from "./filling.ts";
import { measure } from "./measuring.ts";
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

await measure(async ({ quick, watched }) => {
  const hours = quick ? 2 : 24;
  return await inDirectory(async (parent) => {
    const directory = join(parent, "data");
    const well = teller(runningStory())(1);
    const ill = broken(well);
    await fill(directory, [well]);
    const begun = Date.parse(well.recorded.at(-1)?.at ?? "") + HOUR;
    let elapsed = 0;
    const now = (): string => new Date(begun + elapsed).toISOString();
    const store = await openFilled(directory, { now });
    const { federations } = store;
    const watch = new Watch({
      store: federations,
      pollHints: () => ({ expect: () => undefined, pollSoon: () => undefined }),
      clock: () => elapsed,
      onSeen: () => undefined,
    });
    const outbox = new CountingOutbox();
    const [federation] = federations.living();
    if (federation === undefined) throw new Error("No federation lives.");
    outbox.want(federation);
    outbox.forgetCounts();
    federations.onChange((after, _before, recorded) => {
      if (recorded.some(({ event }) => isSeen(event))) outbox.want(after);
    });
    const before = { seq: federation.seq, bytes: federations.head(federation.id)?.end ?? 0 };
    const subject = `${hours} h of a link that is down every other half minute`;
    await watched(subject, async () => {
      for (; elapsed < hours * HOUR; elapsed += PAUSE) {
        const isDown = elapsed % MINUTE >= MINUTE / 2;
        for (const name of ZONES) await watch.see(zone(name), lookAt(name, [isDown ? ill : well], now()));
        await breath();
      }
    });
    const grown = {
      events: (federations.get(federation.id)?.seq ?? 0) - before.seq,
      bytes: (federations.head(federation.id)?.end ?? 0) - before.bytes,
    };
    await store.close();
    const changes = { name: "changes of the link", value: 2 * hours * 60 };
    return [
      { subject: `${subject}: messages`, value: outbox.posts, unit: "messages", peer: changes, targets: [] },
      { subject: `${subject}: rewritten cards`, value: outbox.rewrites, unit: "messages", peer: changes, targets: [] },
      { subject: `${subject}: events`, value: grown.events, unit: "events", peer: changes, targets: [] },
      { subject: `${subject}: journal`, value: grown.bytes / 1000, unit: "kB", peer: null, targets: [] },
    ] satisfies Figure[];
  });
});

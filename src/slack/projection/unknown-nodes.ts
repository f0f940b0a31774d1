/** SuperNodes that a SuperLink lists although no site of its federation published their keys. Pure. */
import type { Federation } from "../../federation/model/state.ts";
import { code } from "../blocks/mrkdwn.ts";

/** A SuperLink that makes keys up must not fill the thread: so many are told, and no more. */
const MOST_TOLD = 10;

/**
 * What everybody is to read, by the number of the event in which an unknown node was listed first. Whoever holds the
 * SuperLink's VM can admit keys by hand, and the bot cannot prevent it.
 */
export function unknownNodesOf({ story, keys }: Federation): ReadonlyMap<number, string> {
  const told = new Set<string>();
  const sentences = new Map<number, string>();
  for (const { seq, event } of story) {
    if (event.type !== "nodes-seen") continue;
    const listed = [...new Set(event.nodes.map(({ key }) => key))];
    const shown = listed.filter((key) => !keys.has(key) && !told.has(key)).slice(0, MOST_TOLD - told.size);
    if (shown.length > 0) sentences.set(seq, sentenceAbout(shown));
    for (const key of shown) told.add(key);
  }
  return sentences;
}

function sentenceAbout(keys: readonly string[]): string {
  const listed = keys.map((key) => code(key)).join(", ");
  return `:warning: The SuperLink lists SuperNodes that no site of this federation published: ${listed}. They were admitted there by hand and can take part in runs. Coordinator's owner: say whose they are, or unregister them. Every other owner can retire their site.`;
}

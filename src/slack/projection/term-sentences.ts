/** What the home channel is told of a federation's last day, and of its end. */
import type { EventOf, FederationEvent } from "../../federation/model/events.ts";
import type { SiteName } from "../../federation/model/identity.ts";
import type { Federation } from "../../federation/model/state.ts";
import { MARK } from "../blocks/marks.ts";
import { listed, mention, moment } from "../blocks/mrkdwn.ts";
import { dayWords } from "../blocks/term-words.ts";

/** Zones that one sentence names. */
const MOST_NAMED = 12;

type TermEvent = EventOf<"end-near" | "go-on-asked" | "go-on-agreed" | "site-run-out" | "term-extended">;

/** What was decided at the same moment. */
interface Beside {
  readonly before: readonly FederationEvent[];
  readonly after: readonly FederationEvent[];
}

/** @returns null where it is told with what it came with */
export function termSentence(
  event: TermEvent,
  beside: Beside,
  nameOf: (site: SiteName) => string,
  { requester }: Federation,
): string | null {
  switch (event.type) {
    case "end-near":
      return `${MARK.hint} The last day of this federation is near. Before it ends, each site's owners are asked whether it goes on.`;
    case "go-on-asked":
      return `The last day of this federation is near: each site's owners are asked whether it goes on until ${dayWords(event.until)}. Whoever has not answered ${moment(event.answerBy)} is taken down.`;
    case "go-on-agreed":
      return `${MARK.done} ${mention(event.by)} says that ${nameOf(event.site)} goes on.`;
    case "site-run-out": {
      if (beside.before.some(isRunOut)) return null;
      const zones = [event, ...beside.after.filter(isRunOut)].map(({ site }) => nameOf(site));
      const go = zones.length === 1 ? "goes" : "go";
      return `${MARK.tooLate} Nobody said in time that ${listed(zones, MOST_NAMED)} ${go} on, so what ran there is removed.${goesOn(beside.after)} ${mention(requester)}`;
    }
    case "term-extended":
      if (beside.before.some(isRunOut)) return null;
      return `The federation goes on until ${dayWords(event.until)}.`;
  }
}

const isRunOut = (event: FederationEvent): event is EventOf<"site-run-out"> => event.type === "site-run-out";

function goesOn(after: readonly FederationEvent[]): string {
  const extended = after.find((event) => event.type === "term-extended");
  return extended?.type === "term-extended" ? ` The others go on until ${dayWords(extended.until)}.` : "";
}

/** Why it is over. */
export function endSentence(cause: EventOf<"federation-ended">["cause"]): string {
  switch (cause) {
    case "cancelled":
      return "The request was cancelled. Nothing was created.";
    case "coordinator-rejected":
      return "Without a coordinator the request ends here.";
    case "coordinator-expired":
      return "Without a coordinator the request ends here.";
    case "too-few-sites":
      return "Too few training sites are left, so the request ends here.";
    case "run-out":
      return "Its last day is over and nothing of it ever ran, so the request ends here.";
    case "torn-down":
      return "The federation is torn down. Nothing of it runs any more.";
  }
}

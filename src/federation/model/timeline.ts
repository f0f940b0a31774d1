/** What people are told, as it happened: bounded, while the journal on disk keeps everything. */
import type { FederationEvent } from "./events.ts";
import type { Federation, TimelineEntry } from "./state.ts";

/** Far more than a thread is read back; each of them is told soon after it happened. */
const MAX_ENTRIES = 150;

/** Everything else is the bot's own business, or shown on cards from the state. */
const TOLD: ReadonlySet<FederationEvent["type"]> = new Set<FederationEvent["type"]>([
  "site-requested",
  "preflight-failed",
  "site-planned",
  "consent-given",
  "consent-refused",
  "consent-withdrawn",
  "site-approved",
  "approval-lapsed",
  "site-excluded",
  "proposal-dropped",
  "reminder-due",
  "federation-ended",
  "attempt-started",
  "certificate-asked",
  "coordinator-verified",
  "site-up",
  "site-failed",
  "deployment-abandoned",
  "key-refused",
  "tunnel-key-refused",
  "condition-raised",
  "condition-cleared",
  "condition-flapping",
  "retry-asked",
  "reboot-asked",
  "reboot-ended",
  "tunnel-rotation-asked",
  "tunnel-rotation-ended",
  "site-retired",
  "site-written-off",
  "teardown-asked",
  "teardown-withdrawn",
  "teardown-reminder-due",
  "stop-announced",
  "duplicate-found",
  "removal-delayed",
  "end-near",
  "go-on-asked",
  "go-on-reminder-due",
  "go-on-agreed",
  "site-run-out",
  "term-extended",
]);

export function withTimeline(federation: Federation, recorded: TimelineEntry): Federation {
  if (!TOLD.has(recorded.event.type)) return federation;
  return { ...federation, timeline: [...federation.timeline, recorded].slice(-MAX_ENTRIES) };
}

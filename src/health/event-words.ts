/** What the operator reads of each decision and step. Codes stand as they are: docs/troubleshooting.md explains them. */

import { refKey } from "../federation/model/deployment-reference.ts";
import type { EventOf, FederationEvent, Reason } from "../federation/model/events.ts";
import type { Person } from "../federation/model/identity.ts";
import { readableAddress } from "../federation/model/ipv6.ts";

export interface EventWords {
  readonly words: string;
  /** Who decided; nobody where the bot took a step. */
  readonly by?: Person | null;
  readonly detail?: string;
}

const step = (words: string): EventWords => ({ words });
const decision = (words: string, by: Person | null): EventWords => ({ words, by });
const because = (words: string, { code, detail }: Reason): EventWords => ({
  words: `${words}: ${code}`,
  ...(detail === "" ? {} : { detail }),
});

/** null: part of a step that is told, or of a look. */
export function eventWords(event: FederationEvent): EventWords | null {
  switch (event.type) {
    case "federation-requested":
      return decision(`asked for, over ${event.sites.map(({ site }) => site).join(", ")}`, event.requester);
    case "site-requested":
      return decision(`${event.wish.site} is asked to join`, event.requester);
    case "authority-created":
      return step(`CA ${event.generation} made, until ${event.expiresAt}`);
    case "authority-destroyed":
      return step("CA key destroyed");
    case "command-refused":
      return decision(`refused: ${event.kind}, ${event.code}`, event.by);
    case "preflight-failed":
      return step(problemWords(event.problems));
    case "preflight-asked-again":
      return decision("the zones are looked at again", event.by);
    case "endpoint-chosen":
      return step(`sites are to dial ${readableAddress(event.endpoint)}`);
    case "site-planned":
      return event.by === null
        ? step(`a plan stands before the owners (${event.cause})`)
        : decision(`a plan stands before the owners (${event.cause})`, event.by);
    case "federation-ended":
      return event.by === null ? step(`ended: ${event.cause}`) : decision(`ended: ${event.cause}`, event.by);
    case "condition-raised":
    case "condition-cleared":
    case "condition-flapping":
      return conditionWords(event);
    case "consent-given":
      return decision(event.kind === "run" ? "approved" : "let in", event.by);
    case "consent-refused":
      return decision(event.kind === "run" ? "rejected" : "not let in", event.by);
    case "consent-withdrawn":
      return decision("decision withdrawn", event.by);
    case "site-approved":
      return step("approved by all who have to");
    case "approval-lapsed":
      return step("the approval lapsed: the owners are asked again");
    case "site-excluded":
      return step(`takes no part: ${event.cause}`);
    case "proposal-dropped":
      return step(`the newest plan was dropped: ${event.cause}`);
    case "retry-asked":
      return decision("retry", event.by);
    case "reboot-asked":
      return decision(`reboot of ${event.vms.map(({ vmId }) => `VM ${vmId}`).join(", ")}`, event.by);
    case "reboot-ended":
      return step(`reboot over: ${event.outcome}`);
    case "site-retired":
      return decision("retired", event.by);
    case "site-written-off":
      return step("written off");
    case "teardown-asked":
      return event.because === "asked"
        ? decision("teardown asked for", event.by)
        : step(`every site is to be torn down: ${event.because}`);
    case "teardown-withdrawn":
      return decision("teardown taken back", event.by);
    case "teardown-agreed":
      return decision("teardown agreed to", event.by);
    case "end-near":
      return step("the last day is near");
    case "go-on-asked":
      return step(`the owners are asked whether it goes on until ${event.until}`);
    case "go-on-agreed":
      return decision("goes on", event.by);
    case "site-run-out":
      return step("nobody said in time that it goes on: what ran is removed");
    case "term-extended":
      return step(`goes on until ${event.until}`);
    case "stop-announced":
      return decision(`the SuperLink stops at ${event.stopsAt}`, event.by);
    case "site-stopped":
      return step("what ran is removed");
    case "attempt-started":
      return step(`attempt ${event.attempt} begins`);
    case "deployment-postponed":
      return step("the zone refused for now; it is asked again");
    case "deployment-created":
      return step(`${refKey(event.ref)} ${event.found ? "found" : "created"}`);
    case "vm-created":
      return step(`VM ${event.vmId} ${event.found ? "found" : "created"}`);
    case "vm-online":
      return step(`VM ${event.vmId} serves`);
    case "vm-gone":
      return step(`VM ${event.vmId} is gone`);
    case "site-up":
      return step("up");
    case "site-failed":
      return because("failed", event.reason);
    case "deployment-abandoned":
      return because("asked for anew", event.reason);
    case "duplicate-found":
      return step(`came twice: ${refKey(event.ref)} is removed`);
    case "removal-delayed":
      return because("removal takes long", event.reason);
    case "deployment-removed":
      return step("removed");
    case "certificate-asked":
      return step(`a certificate for VM ${event.vmId} is asked of the coordinator's organisation`);
    case "certificate-issued":
      return step(`certificate ${event.serial} issued to VM ${event.vmId}, until ${event.expiresAt}`);
    case "coordinator-verified":
      return step(`VM ${event.vmId} is the SuperLink that was approved`);
    case "key-accepted":
      return step(`key of VM ${event.vmId} accepted`);
    case "key-refused":
      return because(`key of VM ${event.vmId} refused`, event.reason);
    case "key-revoked":
      return step(`key of VM ${event.vmId} revoked`);
    case "admissions-delivered":
      return step(
        `the SuperLink was told which keys may join: ${event.admitted.length}, and which no more: ${event.revoked.length}`,
      );
    case "router-key-given":
      return decision("the zone's router has a tunnel key", event.by);
    case "tunnel-key-accepted":
      return step(`tunnel key of VM ${event.vmId} accepted`);
    case "tunnel-key-refused":
      return because(`tunnel key of VM ${event.vmId} refused`, event.reason);
    case "tunnel-rotation-asked":
      return decision(`change of tunnel keys of ${event.vmIds.map((vmId) => `VM ${vmId}`).join(", ")}`, event.by);
    case "tunnel-rotation-ended":
      return step(`change of tunnel keys over: ${event.outcome}`);
    case "tunnel-key-revoked":
      return step(`tunnel key of VM ${event.vmId} revoked`);
    case "command-accepted":
    case "condition-changed":
    case "reminder-due":
    case "teardown-reminder-due":
    case "go-on-reminder-due":
    case "template-intended":
    case "template-registered":
    case "deployment-intended":
    case "vm-intended":
    case "account-seen":
    case "vm-observed":
    case "vms-verified":
    case "certificate-delivered":
    case "keys-registered":
    case "revocations-done":
    case "vm-told-admitted":
    case "tunnel-peers-intended":
    case "tunnel-peers-delivered":
    case "tunnel-rotation-told":
    case "tunnel-key-announced":
    case "tunnel-switch-intended":
    case "tunnel-switch-delivered":
    case "reboot-intended":
    case "reboot-answered":
      return null;
  }
}

function problemWords(problems: readonly Reason[]): string {
  return problems.length === 0
    ? "nothing stands in the way any more"
    : `cannot be planned: ${[...new Set(problems.map(({ code }) => code))].join(", ")}`;
}

/** A zone that is away is told once for all its federations, where it is looked at. */
function conditionWords(
  event: EventOf<"condition-raised" | "condition-cleared" | "condition-flapping">,
): EventWords | null {
  if (event.subject.kind === "zone") return null;
  switch (event.type) {
    case "condition-raised":
      return { words: `began: ${event.code}`, ...(event.detail === "" ? {} : { detail: event.detail }) };
    case "condition-cleared":
      return step(`over: ${event.code}`);
    case "condition-flapping":
      return step(`comes and goes, ${event.count} times by now: ${event.code}`);
  }
}

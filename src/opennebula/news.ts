/** Whether a look at a zone showed something new that matters, so that the next one is worth more. */
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../federation/model/zone-facts.ts";
import { PUBLISHED } from "../guest-protocol/names.ts";

/** Whoever changes at every look hurries nobody after so many. */
const CHANGES_THAT_COUNT = 5;
/** Looks without a change after which changes count again. */
const LOOKS_TO_CALM = 8;

interface Subject {
  readonly seen: string;
  readonly changes: number;
  readonly quietLooks: number;
}

/** What somebody acts on. A heartbeat, a link, a reason and a list of nodes come and go, and wait for the usual look. */
const told = ({ state, attributes }: VmFacts): string =>
  JSON.stringify([
    state,
    attributes[PUBLISHED.stage],
    attributes[PUBLISHED.certificateRequest],
    attributes[PUBLISHED.nodeKey],
  ]);

const deployed = ({ state, vmIds }: ServiceFacts): string => JSON.stringify([state, vmIds]);

function subjects({ services, vms }: Pick<ZoneSnapshot, "services" | "vms">): ReadonlyMap<string, string> {
  const ids = (things: readonly { readonly id: number }[]): string =>
    things
      .map(({ id }) => id)
      .sort((one, other) => one - other)
      .join(" ");
  return new Map([
    // What comes and goes counts together: a zone that makes and ends VMs for ever is bounded as well.
    ["which", `${ids(services)}, ${ids(vms)}`],
    ...services.map((service) => [`service ${service.id}`, deployed(service)] as const),
    ...vms.map((vm) => [`VM ${vm.id}`, told(vm)] as const),
  ]);
}

export class News {
  #subjects: ReadonlyMap<string, Subject> | undefined;

  /** The first look has nothing to be compared with: all of it is news. */
  isIn(snapshot: Pick<ZoneSnapshot, "services" | "vms">): boolean {
    const before = this.#subjects;
    let counts = before === undefined;
    const now = new Map<string, Subject>();
    for (const [name, seen] of subjects(snapshot)) {
      const known = before?.get(name);
      const changed = known !== undefined && known.seen !== seen;
      if (changed && known.changes < CHANGES_THAT_COUNT) counts = true;
      now.set(name, changed ? changedTo(seen, known) : unchanged(seen, known));
    }
    this.#subjects = now;
    return counts;
  }
}

const changedTo = (seen: string, { changes }: Subject): Subject => ({
  seen,
  changes: Math.min(changes + 1, CHANGES_THAT_COUNT),
  quietLooks: 0,
});

function unchanged(seen: string, known: Subject | undefined): Subject {
  const quietLooks = (known?.quietLooks ?? 0) + 1;
  return { seen, changes: quietLooks >= LOOKS_TO_CALM ? 0 : (known?.changes ?? 0), quietLooks };
}

/** A task before a zone that does as the test says, on the store that ships with a journal in memory. */
import type { Federation } from "../../src/federation/model/state.ts";
import { isSettled } from "../../src/federation/model/state.ts";
import type { ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import { NOTHING_SEEN } from "../../src/federation/observing/live.ts";
import type { Zone } from "../../src/federation/ports.ts";
import type { Job, TaskContext } from "../../src/rollout/task-context.ts";
import { FederationStore } from "../../src/store/federation-store.ts";
import type { Story } from "../builders/federation.ts";
import { memoryLog, NO_INDEX, NO_SNAPSHOTS, QUIET } from "../builders/memory-log.ts";

const unexpected = (what: string) => async (): Promise<never> => {
  throw new Error(`Nothing was to be asked of the zone by ${what}.`);
};

const UNASKED: Zone = {
  survey: unexpected("survey"),
  serviceTemplates: unexpected("serviceTemplates"),
  registerServiceTemplate: unexpected("registerServiceTemplate"),
  instantiate: unexpected("instantiate"),
  createVm: unexpected("createVm"),
  snapshot: unexpected("snapshot"),
  vmState: unexpected("vmState"),
  service: unexpected("service"),
  removeService: unexpected("removeService"),
  terminateVm: unexpected("terminateVm"),
  reboot: unexpected("reboot"),
  publish: unexpected("publish"),
};

export const EMPTY: ZoneSnapshot = {
  at: "2030-01-01T00:00:00.000Z",
  account: { id: 4, name: "florist", administrator: false },
  services: [],
  servicesAt: "2030-01-01T00:00:00.000Z",
  vms: [],
  unreadable: [],
};

/** Where the story stands, and the zone's answers; what is not among them must not be asked. */
export async function before(story: Story, answers: Partial<Zone>, latest: ZoneSnapshot = EMPTY) {
  const { policy, sites: zones, manifests, newCard } = story.context;
  const store = await FederationStore.open(
    { events: memoryLog(story.recorded), snapshots: NO_SNAPSHOTS, index: NO_INDEX },
    { context: { policy, sites: zones, manifests, newCard }, now: () => story.context.now, isSettled, log: QUIET },
  );
  const { id } = story.federation;
  const context: TaskContext = {
    store,
    log: QUIET,
    trust: {
      ensureAuthority: unexpected("ensureAuthority"),
      sign: unexpected("sign"),
      checkRequest: () => ({ ok: true }),
      checkAuthority: () => ({ ok: false, mistake: "nothing-given", detail: "" }),
      checkChain: () => ({ ok: false, mistake: "nothing-given", detail: "" }),
      destroy: unexpected("destroy"),
      checkNodeProof: () => ({ ok: true }),
    },
    zone: () => ({ ...UNASKED, ...answers }),
    pollHints: () => ({ expect: () => undefined, pollSoon: () => undefined }),
    latest: () => latest,
    live: () => NOTHING_SEEN,
  };
  const state = (): Federation => {
    const federation = store.get(id);
    if (federation === undefined) throw new Error("The federation has left memory.");
    return federation;
  };
  return { context, store, state, job: (): Job => ({ id, federation: state() }) };
}

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type DirectCommand, decide } from "../../src/federation/deciding/decide.ts";
import type { FederationId, SiteName } from "../../src/federation/model/identity.ts";
import { currentProposal, type Federation } from "../../src/federation/model/state.ts";
import { type SiteStatus, statusOf } from "../../src/federation/model/status.ts";
import type { Request } from "../../src/federation/proposing/request.ts";
import { WAIT_LIMIT_MS } from "../waiting.ts";
import { OWNER, openHeadless, REQUESTER, requestFor } from "./headless.ts";

type Headless = Awaited<ReturnType<typeof openHeadless>>;

/** OpenNebula's STATE of a VM that has ended. */
const DONE = 6;

describe("A rollout before real protocols", () => {
  let headless: Headless;
  let request: Request;

  before(async () => {
    headless = await openHeadless(3);
    approveEverything(headless);
  });
  after(() => headless.stop());

  it("brings the coordinator up first, then every training site", async () => {
    request = requestFor(headless.names);
    assert.equal((await headless.runtime.store.create(request)).ok, true);
    const federation = await until(headless, request.federation, allUp);
    const order = federation.timeline.filter(
      ({ event }) => event.type === "attempt-started" || event.type === "coordinator-verified",
    );
    assert.deepEqual(
      order.slice(0, 2).map(({ event }) => event.type),
      ["attempt-started", "coordinator-verified"],
    );
    assert.equal(order.length, 4);
  });

  it("asks for the picked address on the coordinator's network interface", async () => {
    const federation = newest(headless, request.federation);
    const zone = await headless.zones.zone(headless.names[0] ?? "");
    assert.deepEqual(
      zone.vms.map(({ nics }) => nics.map((nic) => nic["IP"])),
      [[federation.address]],
    );
  });

  it("sees a SuperNode that is cut off, and sees it come back", async () => {
    const site = newest(headless, request.federation).sites.get(second(headless));
    const [vmId] = site?.deployment?.vms.keys() ?? [];
    assert.ok(vmId !== undefined);
    await headless.guests.cut({ zone: second(headless), vmId });
    await until(headless, request.federation, (federation) => statusIn(federation, second(headless)) === "degraded");
    await headless.guests.heal({ zone: second(headless), vmId });
    await until(headless, request.federation, allUp);
  });

  it("retries a site as a new attempt with new keys, and revokes the old ones", async () => {
    const zone = second(headless);
    const [vmId] = newest(headless, request.federation).sites.get(zone)?.deployment?.vms.keys() ?? [];
    assert.ok(vmId !== undefined);
    await headless.guests.kill({ zone, vmId });
    await until(headless, request.federation, (federation) => statusIn(federation, zone) === "degraded");
    const before = [...newest(headless, request.federation).keys.values()].filter(({ site }) => site === zone);
    assert.equal(
      (await asks(headless, request, { kind: "retry", card: cardOf(headless, request, zone), by: OWNER })).ok,
      true,
    );
    const federation = await until(
      headless,
      request.federation,
      (state) => state.sites.get(zone)?.attempts === 2 && allUp(state),
    );
    for (const { key } of before) assert.equal(federation.keys.get(key)?.revoked, true);
    await until(headless, request.federation, ({ keys }) => before.every(({ key }) => keys.get(key)?.settled === true));
  });

  it("retires a site and leaves the others untouched", async () => {
    const zone = headless.names[2];
    assert.ok(zone !== undefined);
    await asks(headless, request, { kind: "retire", card: cardOf(headless, request, zone), by: OWNER });
    await until(headless, request.federation, (federation) => federation.sites.get(zone)?.removals.length === 0);
    const state = await headless.zones.zone(zone);
    assert.equal(state.services.length, 0);
    assert.equal(statusIn(newest(headless, request.federation), second(headless)), "up");
  });

  it("tears down sites first and the coordinator last, and leaves nothing in any zone", async () => {
    await asks(headless, request, { kind: "ask-teardown", by: REQUESTER });
    const asked = newest(headless, request.federation);
    for (const site of [...asked.sites.values()].filter(({ teardown }) => teardown !== null)) {
      const { card } = site.teardown ?? {};
      if (card !== undefined) await asks(headless, request, { kind: "agree-teardown", card, by: OWNER });
    }
    const ended = await until(headless, request.federation, ({ authorityDestroyed }) => authorityDestroyed);
    assert.equal(ended.ended?.cause, "torn-down");
    const history = await headless.runtime.store.history(request.federation);
    const stops = history.flatMap(({ event }) => (event.type === "site-stopped" ? [event.site] : []));
    assert.deepEqual(stops, [second(headless), headless.names[0]]);
    for (const name of headless.names) {
      const zone = await headless.zones.zone(name);
      assert.deepEqual([zone.services.length, zone.vms.filter(({ state }) => state !== DONE).length], [0, 0], name);
    }
  });
});

const second = (headless: Headless): SiteName => {
  const [, name] = headless.names;
  if (name === undefined) throw new Error("Three zones were asked for.");
  return name;
};

const statusIn = (federation: Federation, zone: SiteName): SiteStatus | null => {
  const site = federation.sites.get(zone);
  return site === undefined ? null : statusOf(federation, site).status;
};

const allUp = (federation: Federation): boolean =>
  [...federation.sites.values()].every(
    ({ name, approvalState }) => statusIn(federation, name) === "up" || approvalState === "excluded",
  );

let asked = 0;
type Wanted = DirectCommand extends infer C ? (C extends { key: string } ? Omit<C, "key"> : never) : never;
/** Each time another command. */
function asks(headless: Headless, { federation }: Request, command: Wanted) {
  asked += 1;
  const key = `command ${asked}`;
  return headless.runtime.store.update(federation, (state, context) => decide(state, { ...command, key }, context));
}

function cardOf(headless: Headless, { federation }: Request, zone: SiteName) {
  const site = newest(headless, federation).sites.get(zone);
  const card = site === undefined ? undefined : currentProposal(site)?.card;
  if (card === undefined) throw new Error(`${zone} has no card.`);
  return card;
}

function newest(headless: Headless, id: FederationId): Federation {
  const federation = headless.runtime.store.get(id);
  if (federation === undefined) throw new Error("There is no such federation.");
  return federation;
}

/** Resolves with the first state that fulfils the wish; rejects when it takes too long. */
function until(
  headless: Headless,
  id: FederationId,
  fulfils: (federation: Federation) => boolean,
): Promise<Federation> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const { timeline } = newest(headless, id);
      reject(
        new Error(`It did not come to that. Last: ${JSON.stringify(timeline.slice(-5).map(({ event }) => event))}`),
      );
    }, WAIT_LIMIT_MS);
    const look = (federation: Federation | undefined): void => {
      if (federation?.id !== id || !fulfils(federation)) return;
      clearTimeout(timer);
      resolve(federation);
    };
    headless.runtime.store.onChange(look);
    look(headless.runtime.store.get(id));
  });
}

/** The owner of every zone approves whatever is put before it. */
function approveEverything({ runtime }: Headless): void {
  runtime.store.onChange((federation) => {
    for (const site of federation.sites.values()) {
      const proposal = currentProposal(site);
      if (site.approvalState !== "pending" || proposal === null) continue;
      const { card } = proposal;
      const approve = { kind: "approve", consent: "run", card, by: OWNER, key: `approve ${card}` } as const;
      void runtime.store.update(federation.id, (state, context) => decide(state, approve, context));
    }
  });
}

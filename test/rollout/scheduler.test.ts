import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { giveConsent } from "../../src/federation/deciding/approval.ts";
import { agreeTeardown, askTeardown, retireSite, retrySite } from "../../src/federation/deciding/lifecycle.ts";
import type { FederationId, ZoneName } from "../../src/federation/model/identity.ts";
import { currentProposal, type Federation } from "../../src/federation/model/state.ts";
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
    assert.equal((await headless.room.store.create(request)).ok, true);
    const federation = await until(headless, request.federation, allUp);
    const order = federation.story.filter(
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
    const [vmId] = site?.run?.guests.keys() ?? [];
    assert.ok(vmId !== undefined);
    await headless.guests.cut({ zone: second(headless), vmId });
    await until(
      headless,
      request.federation,
      (federation) => federation.sites.get(second(headless))?.status === "degraded",
    );
    await headless.guests.heal({ zone: second(headless), vmId });
    await until(headless, request.federation, allUp);
  });

  it("retries a site as a new attempt with new keys, and revokes the old ones", async () => {
    const zone = second(headless);
    const [vmId] = newest(headless, request.federation).sites.get(zone)?.run?.guests.keys() ?? [];
    assert.ok(vmId !== undefined);
    await headless.guests.kill({ zone, vmId });
    await until(headless, request.federation, (federation) => federation.sites.get(zone)?.status === "degraded");
    const before = [...newest(headless, request.federation).keys.values()].filter(({ site }) => site === zone);
    const retried = await headless.room.store.update(request.federation, (federation, context) =>
      retrySite(federation, context, zone, OWNER),
    );
    assert.equal(retried.ok, true);
    const federation = await until(headless, request.federation, allUp);
    assert.equal(federation.sites.get(zone)?.attempts, 2);
    for (const { key } of before) assert.equal(federation.keys.get(key)?.revoked, true);
    await until(headless, request.federation, ({ nodes }) =>
      before.every(({ key }) => nodes.every((node) => node.key !== key)),
    );
  });

  it("retires a site and leaves the others untouched", async () => {
    const zone = headless.names[2];
    assert.ok(zone !== undefined);
    await headless.room.store.update(request.federation, (federation, context) =>
      retireSite(federation, context, zone, OWNER),
    );
    await until(headless, request.federation, (federation) => federation.sites.get(zone)?.removals.length === 0);
    const state = await headless.zones.zone(zone);
    assert.equal(state.services.length, 0);
    assert.equal(newest(headless, request.federation).sites.get(second(headless))?.status, "up");
  });

  it("tears down sites first and the coordinator last, and leaves nothing in any zone", async () => {
    await headless.room.store.update(request.federation, (federation, context) =>
      askTeardown(federation, context, REQUESTER),
    );
    const asked = newest(headless, request.federation);
    for (const site of [...asked.sites.values()].filter(({ teardown }) => teardown !== null)) {
      await headless.room.store.update(request.federation, (federation, context) =>
        agreeTeardown(federation, context, {
          card: site.teardown?.card ?? context.newCard(),
          by: OWNER,
          decision: `teardown ${site.zone}`,
        }),
      );
    }
    const ended = await until(headless, request.federation, ({ authorityDestroyed }) => authorityDestroyed);
    assert.equal(ended.ended?.cause, "torn-down");
    const stops = ended.story.flatMap(({ event }) => (event.type === "site-stopped" ? [event.site] : []));
    assert.deepEqual(stops, [second(headless), headless.names[0]]);
    for (const name of headless.names) {
      const zone = await headless.zones.zone(name);
      assert.deepEqual([zone.services.length, zone.vms.filter(({ state }) => state !== DONE).length], [0, 0], name);
    }
  });
});

const second = (headless: Headless): ZoneName => {
  const [, name] = headless.names;
  if (name === undefined) throw new Error("Three zones were asked for.");
  return name;
};

const allUp = ({ sites }: Federation): boolean =>
  [...sites.values()].every(({ status, standing }) => status === "up" || standing === "left-out");

function newest(headless: Headless, id: FederationId): Federation {
  const federation = headless.room.store.get(id);
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
      const { story } = newest(headless, id);
      reject(new Error(`It did not come to that. Last: ${JSON.stringify(story.slice(-5).map(({ event }) => event))}`));
    }, WAIT_LIMIT_MS);
    const look = (federation: Federation | undefined): void => {
      if (federation?.id !== id || !fulfils(federation)) return;
      clearTimeout(timer);
      resolve(federation);
    };
    headless.room.store.onChange(look);
    look(headless.room.store.get(id));
  });
}

/** The owner of every zone approves whatever is put before it. */
function approveEverything({ room }: Headless): void {
  room.store.onChange((federation) => {
    for (const site of federation.sites.values()) {
      const proposal = currentProposal(site);
      if (site.standing !== "asking" || proposal === null) continue;
      const ballot = { card: proposal.card, kind: "run" as const, by: OWNER, decision: `approve ${proposal.card}` };
      void room.store.update(federation.id, (state, context) => giveConsent(state, context, ballot));
    }
  });
}

/** VMs that no service holds: each is made once, and each is proven to have ended. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type VmFacts, ZoneError } from "../../src/federation/model/zone-facts.ts";
import { vmName } from "../../src/federation/proposing/manifest.ts";
import { Removals } from "../../src/rollout/removals.ts";
import { createVms } from "../../src/rollout/vms.ts";
import { retire } from "../builders/commands.ts";
import { MINUTE, zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { before, EMPTY } from "./scripted-task.ts";

const BETA = zone("beta");
type Stage = Awaited<ReturnType<typeof before>>;

/** Beta's two VMs are about to be made. */
const aboutToCreate = (): Story =>
  aFederation({ zones: ["alpha", "beta"], withoutServices: ["beta"] })
    .trusted()
    .begins("beta");

/** The first VM was made and the answer to the second create was lost. */
function withLostAnswer(): Story {
  const story = aboutToCreate();
  const site = story.site("beta");
  const tag = `${story.federation.id}/beta/${story.deployment("beta").digest.slice(0, 12)}/1`;
  return story.happens(
    { type: "deployment-intended", site: site.name, sequence: 1, tag },
    { type: "vm-intended", site: site.name, tag, number: 1 },
    { type: "vm-created", site: site.name, vmId: 71, number: 1, found: false },
    { type: "vm-intended", site: site.name, tag, number: 2 },
  );
}

const aVm = (story: Story, id: number, changes: Partial<VmFacts> = {}): VmFacts => ({
  id,
  name: vmName(story.deployment("beta").plan, id - 70),
  state: "running",
  cpu: 1,
  vcpu: 1,
  memory: 1,
  nics: [],
  imageIds: [],
  context: { FL_ATTEMPT: story.deployment("beta").tag ?? "" },
  attributes: {},
  ...changes,
});

const deploymentOf = (stage: Stage) => stage.state().sites.get(BETA)?.deployment;
const journalOf = (stage: Stage, story: Story) =>
  stage.store
    .history(story.federation.id)
    .then((events) => events.slice(story.recorded.length).map(({ event }) => event.type));

describe("VMs that no service holds", () => {
  test("are ordered one after the other, each intended before, and are a deployment once all are there", async () => {
    const story = aboutToCreate();
    const names: string[] = [];
    const stage = await before(story, {
      async createVm({ name, context }) {
        assert.equal(context["FL_ATTEMPT"], deploymentOf(stage)?.tag);
        assert.equal(context["TOKEN"], "YES");
        names.push(name);
        return 70 + names.length;
      },
    });
    assert.equal(await createVms(stage.context, stage.job(), BETA), "done");
    assert.deepEqual(names, ["florist-tumour-study-beta-1", "florist-tumour-study-beta-2"]);
    assert.deepEqual(deploymentOf(stage)?.ref, { kind: "vms", ids: [71, 72] });
    assert.deepEqual(await journalOf(stage, story), [
      "deployment-intended",
      "vm-intended",
      "vm-created",
      "vm-intended",
      "vm-created",
      "deployment-created",
    ]);
  });

  test("are not gone on with when the site is retired in between", async () => {
    const story = aboutToCreate();
    const stage = await before(story, {
      async createVm() {
        await stage.store.update(story.federation.id, () => ({
          ok: true,
          events: [{ type: "site-retired", site: BETA, by: story.federation.requester }],
        }));
        return 71;
      },
    });
    assert.equal(await createVms(stage.context, stage.job(), BETA), "done");
    assert.equal(deploymentOf(stage), null);
  });

  test("of which one is refused for good fail the site, and only what was made is left to be removed", async () => {
    const story = aboutToCreate();
    let made = 70;
    const stage = await before(story, {
      async createVm() {
        made += 1;
        if (made === 72) throw new ZoneError("invalid", "Cannot get IP/MAC lease from virtual network 0.");
        return made;
      },
    });
    assert.equal(await createVms(stage.context, stage.job(), BETA), "later");
    assert.equal(deploymentOf(stage)?.failure?.reason.code, "no-lease");
    await stage.store.update(story.federation.id, () => ({
      ok: true,
      events: [{ type: "site-retired", site: BETA, by: story.federation.requester }],
    }));
    assert.deepEqual(
      stage
        .state()
        .sites.get(BETA)
        ?.removals.map(({ key }) => key),
      ["vms 71"],
    );
  });
});

describe("The lost answer to a create of a VM", () => {
  const goOn = async (story: Story, vms: readonly VmFacts[], next?: number) => {
    const orders: string[] = [];
    const stage = await before(story, {
      snapshot: async () => ({ ...EMPTY, vms }),
      ...(next === undefined
        ? {}
        : {
            async createVm({ name }: { readonly name: string }) {
              orders.push(name);
              return next;
            },
          }),
    });
    const outcome = await createVms(stage.context, stage.job(), BETA);
    return { outcome, stage, orders };
  };

  test("is made good by the VM that is there under its name and tag", async () => {
    const story = withLostAnswer();
    const { outcome, stage } = await goOn(story, [aVm(story, 71), aVm(story, 72)]);
    assert.equal(outcome, "done");
    assert.deepEqual(deploymentOf(stage)?.ref, { kind: "vms", ids: [71, 72] });
  });

  test("is waited for, whatever else is there: the VM made before, one of another name, one of a service, one that a guest calls so", async () => {
    const story = withLostAnswer();
    const tag = story.deployment("beta").tag ?? "";
    const others = [
      aVm(story, 71),
      aVm(story, 72, { id: 80, name: "somebody-s" }),
      aVm(story, 72, { id: 81, serviceId: 5 }),
      aVm(story, 72, { id: 82, context: {}, attributes: { FL_ATTEMPT: tag } }),
    ];
    assert.equal((await goOn(story, others)).outcome, "later");
  });

  test("is given up after a while, and that VM alone is ordered anew", async () => {
    const story = withLostAnswer().passes(10 * MINUTE);
    const { outcome, stage, orders } = await goOn(story, [aVm(story, 71)], 73);
    assert.equal(outcome, "done");
    assert.deepEqual(orders, ["florist-tumour-study-beta-2"]);
    assert.deepEqual(deploymentOf(stage)?.ref, { kind: "vms", ids: [71, 73] });
    assert.equal(stage.state().sites.get(BETA)?.sequences, 1, "all VMs of a deployment have one tag");
  });

  test("may still bring its VM: that one comes twice then, and is the one to go", () => {
    const story = aboutToCreate().creates("beta");
    const [first, second] = story.zone("beta").snapshot(story.context.now).vms;
    assert.ok(first !== undefined && second !== undefined);
    story.zone("beta").addVm({ ...second, id: 9_999 });
    story.observes("beta").observes("beta");
    assert.deepEqual(
      story.site("beta").removals.map(({ key, cause }) => [key, cause]),
      [["vms 9999", "duplicate"]],
    );
    assert.deepEqual([...story.deployment("beta").vms.keys()], [first.id, second.id]);
  });

  test("is waited for by the removal of what was ordered, beside the VMs that are known", async () => {
    const story = withLostAnswer();
    const known = aVm(story, 71);
    const late = aVm(story, 72);
    story.does(retire("beta"));
    const removals = story.site("beta").removals;
    assert.deepEqual(
      removals.map(({ ref }) => ref),
      [{ kind: "vms", ids: [71] }, null],
    );
    const open = removals[1]?.key ?? "";
    let vms = [known];
    const stage = await before(story, { snapshot: async () => ({ ...EMPTY, vms }) });
    assert.equal(await new Removals().remove(stage.context, stage.job(), BETA, open), "later");
    vms = [known, late];
    assert.equal(await new Removals().remove(stage.context, stage.job(), BETA, open), "done");
    assert.deepEqual(
      stage
        .state()
        .sites.get(BETA)
        ?.removals.map(({ key }) => key),
      ["vms 71", "vms 72"],
    );
  });
});

describe("Ending VMs that no service holds", () => {
  const ending = async (
    states: readonly ("done" | "present" | "unproven")[],
    latest: "shows them" | "is empty" | "is old",
  ) => {
    const story = aFederation({ zones: ["alpha", "beta"], withoutServices: ["beta"] })
      .running()
      .does(retire("beta"));
    const [removal] = story.site("beta").removals;
    assert.ok(removal?.ref?.kind === "vms");
    const { ids } = removal.ref;
    const ended: number[] = [];
    const at = story.passes(1000).context.now;
    const look = latest === "shows them" ? story.zone("beta").snapshot(at) : EMPTY;
    const stage = await before(
      story,
      {
        vmState: async (vmId) => states[ids.indexOf(vmId)] ?? "unproven",
        terminateVm: async (vmId) => void ended.push(ids.indexOf(vmId)),
      },
      latest === "is old" ? { ...look, at: "2000-01-01T00:00:00.000Z" } : look,
    );
    const outcome = await new Removals().remove(stage.context, stage.job(), BETA, removal.key);
    return { outcome, ended, left: stage.state().sites.get(BETA)?.removals.length };
  };

  test("is over when the zone says of each that it is done", async () => {
    assert.deepEqual(await ending(["done", "done"], "is old"), { outcome: "done", ended: [], left: 0 });
  });

  test("tells those to end that are not", async () => {
    assert.deepEqual(await ending(["done", "present"], "shows them"), { outcome: "later", ended: [1], left: 1 });
  });

  test("takes a look that does not show it where the zone says nothing of a VM", async () => {
    assert.deepEqual(await ending(["done", "unproven"], "is old"), { outcome: "later", ended: [], left: 1 });
    assert.deepEqual(await ending(["done", "unproven"], "is empty"), { outcome: "done", ended: [], left: 0 });
  });
});

describe("A site of VMs that no service holds", () => {
  const comingUp = (): Story => aboutToCreate().creates("beta").observes("beta");

  test("fails when one of them has ended before all served: nobody puts another in its place", () => {
    const story = comingUp();
    const { vmId } = story.vm("beta");
    story.zone("beta").removeVm(vmId);
    story.observes("beta");
    assert.ok(story.due().includes(`prove-gone beta ${vmId}`));
    story.happens({ type: "vm-gone", site: BETA, vmId }).observes("beta");
    assert.deepEqual(story.deployment("beta").failure?.reason, { code: "deployment-vanished", detail: `VM ${vmId}` });
  });

  test("tells at once when the zone could not start one, and in its words", () => {
    const story = comingUp();
    const { vmId } = story.vm("beta");
    story.zone("beta").changeVm(vmId, (vm) => ({ ...vm, state: "failed", error: "no such kernel" }));
    const reason = story.observes("beta").deployment("beta").failure?.reason;
    assert.deepEqual(reason, { code: "vms-failed", detail: `VM ${vmId} is failed: no such kernel` });
  });

  test("registers no service template", () => {
    assert.deepEqual(
      aboutToCreate()
        .due()
        .filter((task) => task.endsWith(" beta")),
      ["create beta"],
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { canonical, digestOf } from "../../../src/federation/model/digest.ts";
import { libraryOf, type Manifest, type ShippedManifests } from "../../../src/federation/model/manifests.ts";
import { flowerPart, PLAN_VERSION, type SitePlan } from "../../../src/federation/model/plan.ts";
import type { VmTemplateFacts, ZoneSurvey } from "../../../src/federation/model/zone-facts.ts";
import { comparableDigest } from "../../../src/federation/proposing/plan-making.ts";
import { beginAttempt, checkAddress, proposeSites } from "../../../src/federation/proposing/proposal.ts";
import { aZone, LATER, SHIPPED, sitesOf, UPGRADED, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aNetwork } from "../../builders/survey.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** The same data, its members in another order. */
function shuffled(value: unknown, order: (names: readonly string[]) => readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((member) => shuffled(member, order));
  if (!isRecord(value)) return value;
  return Object.fromEntries(order(Object.keys(value)).map((name) => [name, shuffled(value[name], order)]));
}

type Changes = Generator<readonly [string, unknown]>;

/** Every way to change exactly one leaf, add a member or leave one out, each with the place where. */
function* changesOf(value: unknown, place: string): Changes {
  if (Array.isArray(value)) yield* changesOfList(value, place);
  else if (isRecord(value)) yield* changesOfRecord(value, place);
  else yield [place, typeof value === "number" ? value + 1 : `${value} changed`];
}

function* changesOfList(list: readonly unknown[], place: string): Changes {
  yield [`${place} longer`, [...list, "more"]];
  if (list.length > 0) yield [`${place} shorter`, list.slice(1)];
  for (const [index, member] of list.entries()) {
    for (const [where, changed] of changesOf(member, `${place}[${index}]`)) yield [where, list.with(index, changed)];
  }
}

function* changesOfRecord(record: Readonly<Record<string, unknown>>, place: string): Changes {
  yield [`${place}.more`, { ...record, more: "" }];
  for (const [name, member] of Object.entries(record)) {
    const { [name]: _, ...rest } = record;
    yield [`without ${place}.${name}`, rest];
    for (const [where, changed] of changesOf(member, `${place}.${name}`)) yield [where, { ...record, [name]: changed }];
  }
}

const plansOf = (story: Story): readonly SitePlan[] =>
  [...story.federation.sites.keys()].map((name) => story.proposal(name).plan);

describe("the digest", () => {
  it("does not depend on the order of a plan's members", () => {
    const order = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(order, (numbers) => {
        const shuffle = (names: readonly string[]): readonly string[] =>
          names
            .map((name) => [name, numbers.next().value ?? 0] as const)
            .toSorted(([, one], [, other]) => one - other)
            .map(([name]) => name);
        for (const plan of plansOf(aFederation().planned())) {
          assert.equal(digestOf(Object(shuffled(plan, shuffle))), digestOf(plan));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("changes with every field of a plan", () => {
    for (const plan of plansOf(aFederation().planned())) {
      const digests = new Map([[digestOf(plan), "the plan"]]);
      for (const [place, changed] of changesOf(plan, plan.role)) {
        // Fields that this version of plans does not know say nothing in its words.
        if (place === `${plan.role}.more` || place === `${plan.role}.version`) continue;
        const digest = digestOf(Object(changed));
        assert.equal(digests.get(digest), undefined, `${place} gives the digest of ${digests.get(digest)}`);
        digests.set(digest, place);
      }
      assert.ok(digests.size > 60);
    }
  });

  it("is over the fields of the plan's version: one that a later version adds voids nothing", () => {
    for (const plan of plansOf(aFederation().approved())) {
      const later: SitePlan = Object({ ...plan, version: PLAN_VERSION + 1, dataPlane: "encrypted" });
      assert.equal(comparableDigest(later, plan), digestOf(plan));
      assert.equal(digestOf(Object({ ...plan, dataPlane: "encrypted" })), digestOf(plan));
      assert.notEqual(comparableDigest({ ...later, agent: "f".repeat(64) }, plan), digestOf(plan));
    }
  });

  it("is over a text that says the same as the data, for any data", () => {
    const { json } = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { depthSize: "small" },
        fc.string({ unit: "binary" }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("json")),
        fc.dictionary(fc.string({ unit: "binary" }), tie("json")),
      ),
    }));
    fc.assert(
      fc.property(json, (value) => {
        assert.equal(canonical(JSON.parse(canonical(value))), canonical(value));
        assert.equal(JSON.stringify(JSON.parse(canonical([value]))[0]).length, canonical(value).length);
      }),
    );
  });
});

/** Which approvals are void once the zones were looked at again before the coordinator was created. */
function voidedBy(change: (story: Story) => Story): readonly string[] {
  const story = change(aFederation().approved());
  for (const name of ["alpha", "beta", "gamma"]) {
    if (story.site(name).approvalState !== "approved") continue;
    const decision = beginAttempt(story.federation, zone(name), story.survey(name), story.context);
    if (decision.ok && decision.events.every(({ type }) => type !== "attempt-started")) story.takes(decision);
  }
  assert.ok([...story.federation.sites.values()].every(({ deployment }) => deployment === null));
  return [...story.federation.sites.values()]
    .filter(({ approvalState }) => approvalState === "pending")
    .map((site) => site.name);
}

type Found = Extract<ZoneSurvey["template"], { found: true }>;
const template =
  (change: (found: Found) => Partial<VmTemplateFacts>) =>
  (usual: ZoneSurvey): ZoneSurvey => ({
    ...usual,
    template: usual.template.found ? { ...usual.template, ...change(usual.template) } : usual.template,
  });
const images = (found: Found, change: object) => ({
  images: found.images.map((image) => ("found" in image ? image : { ...image, ...change })),
});

describe("an approval is void exactly when what it approved has changed", () => {
  it("nothing has changed: all stand", () => {
    assert.deepEqual(
      voidedBy((story) => story),
      [],
    );
  });

  const inBeta: readonly (readonly [string, (usual: ZoneSurvey) => ZoneSurvey])[] = [
    ["the template's content", template(() => ({ contentDigest: "f".repeat(64) }))],
    ["the template itself, under the same name", template(() => ({ id: 99 }))],
    ["the template's CPU", template(() => ({ cpu: 4 }))],
    ["the template's VCPU", template(() => ({ vcpu: 4 }))],
    ["the template's memory", template(() => ({ memory: 8192 }))],
    ["the template's NIC model", template(() => ({ nic: { model: "e1000", securityGroups: "0" } }))],
    ["the template's security groups", template(() => ({ nic: { model: "virtio" } }))],
    ["an image, remade under its name", template((found) => images(found, { id: 70 }))],
    ["an image's time of registration", template((found) => images(found, { registeredAt: 1_770_000_000 }))],
    ["the number of images", template((found) => ({ images: [...found.images, ...found.images] }))],
    ["the network, remade under its name", (usual) => ({ ...usual, network: aNetwork({ id: 30 }) })],
  ];
  for (const [what, change] of inBeta) {
    it(`${what} of a training site: that site's`, () => {
      assert.deepEqual(
        voidedBy((story) => story.shows("beta", change)),
        ["beta"],
      );
    });
  }

  it("a template's content at the coordinator: the coordinator's", () => {
    assert.deepEqual(
      voidedBy((story) =>
        story.shows(
          "alpha",
          template(() => ({ contentDigest: "f".repeat(64) })),
        ),
      ),
      ["alpha"],
    );
  });

  it("what the zones file says of a training site's network or node configuration: that site's", () => {
    for (const changed of [aZone("gamma", { network: 9 }), aZone("gamma", { nodeConfig: { "data-path": "/other" } })]) {
      const context = { sites: sitesOf([aZone("alpha"), aZone("beta"), changed]) };
      const remade = (usual: ZoneSurvey): ZoneSurvey =>
        changed.network === 9 ? { ...usual, network: aNetwork({ id: 9 }) } : usual;
      assert.deepEqual(
        voidedBy((story) => story.inContext(context).shows("gamma", remade)),
        ["gamma"],
      );
    }
  });

  it("as what a zone's sites are deployed, in a service of OneFlow or as VMs that none holds: that site's", () => {
    const zones = sitesOf([aZone("alpha"), aZone("beta"), aZone("gamma", { deploy: "vms" })]);
    assert.deepEqual(
      voidedBy((story) => story.inContext({ sites: zones })),
      ["gamma"],
    );
  });

  it("the ssh keys of the coordinator's zone: the coordinator's", () => {
    const sshKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIsomebodyelse"];
    const zones = (changed: "alpha" | "beta") =>
      sitesOf(["alpha", "beta", "gamma"].map((name) => aZone(name, name === changed ? { sshKeys } : {})));
    assert.deepEqual(
      voidedBy((story) => story.inContext({ sites: zones("alpha") })),
      ["alpha"],
    );
    assert.deepEqual(
      voidedBy((story) => story.inContext({ sites: zones("beta") })),
      [],
    );
  });

  it("an upgrade of this program, which keeps the manifests that were approved: nobody's", () => {
    assert.deepEqual(
      voidedBy((story) => story.inContext({ manifests: UPGRADED })),
      [],
    );
  });

  /** This version ships something else, and what it shipped before is not to be had any more. */
  const forgets = (changed: Partial<ShippedManifests>) => (story: Story) =>
    story.inContext({ manifests: libraryOf({ ...SHIPPED, ...changed }) });
  const described = ({ template, agent }: Manifest): Manifest => ({
    template: { ...template, description: "other" },
    agent,
  });

  it("the manifest of a role, when nobody kept the one that was approved: all sites of that role", () => {
    assert.deepEqual(voidedBy(forgets({ coordinator: described(SHIPPED.coordinator) })), ["alpha"]);
    assert.deepEqual(voidedBy(forgets({ training: described(SHIPPED.training) })), ["beta", "gamma"]);
  });

  it("the guests' agent, when nobody kept the one that was approved: every site's", () => {
    assert.deepEqual(voidedBy(forgets(LATER)), ["alpha", "beta", "gamma"]);
  });

  it("the same agent packed into other bytes: nobody's", () => {
    const repacked = ({ template, agent }: Manifest): Manifest => ({
      template,
      agent: { ...agent, base64: "b3RoZXI=" },
    });
    const { coordinator, training } = SHIPPED;
    assert.deepEqual(voidedBy(forgets({ coordinator: repacked(coordinator), training: repacked(training) })), []);
  });

  it("the address, lost to somebody else: every site's, and each owner sees that only the address differs", () => {
    const story = aFederation().approved();
    const lost = story.federation.address ?? "";
    const before = plansOf(story);
    story.shows("alpha", (usual) => ({ ...usual, network: aNetwork({ leased: [lost] }) }));
    story.takes(checkAddress(story.federation, story.survey("alpha"), story.context));
    assert.notEqual(story.federation.address, lost);
    for (const [nth, name] of ["alpha", "beta", "gamma"].entries()) {
      const { plan, cause } = story.proposal(name);
      assert.equal(cause, "address-changed");
      assert.equal(story.site(name).approvalState, "pending");
      const { endpoint, parts } = before[nth] ?? plan;
      assert.deepEqual({ ...plan, endpoint, parts }, before[nth]);
      assert.equal(plan.endpoint.host, story.federation.address);
      assert.equal(flowerPart(plan).nics[0]?.address ?? null, name === "alpha" ? story.federation.address : null);
    }
  });

  it("the address, lost just before the coordinator is created: the same", () => {
    const lost = (story: Story): string => story.federation.address ?? "";
    assert.deepEqual(
      voidedBy((story) =>
        story.shows("alpha", (usual) => ({ ...usual, network: aNetwork({ leased: [lost(story)] }) })),
      ),
      ["alpha", "beta", "gamma"],
    );
  });

  it("an address given by hand that is lost is told and not replaced", () => {
    const story = aFederation({ address: { kind: "given", host: "203.0.113.30", port: 9092 } }).approved();
    story.shows("alpha", (usual) => ({ ...usual, network: aNetwork({ leased: ["203.0.113.30"] }) })).begins("alpha");
    assert.deepEqual(
      story.site("alpha").problems.map(({ code }) => code),
      ["address-in-use"],
    );
    assert.equal(story.site("beta").approvalState, "approved");
  });

  it("the number of SuperNodes of a training site: that site's, never the coordinator's", () => {
    const [few, many] = [aFederation({ superNodes: 1 }).planned(), aFederation({ superNodes: 10 }).planned()];
    assert.equal(few.proposal("alpha").digest, many.proposal("alpha").digest);
    assert.notEqual(few.proposal("beta").digest, many.proposal("beta").digest);
  });

  it("another CA: every site's", () => {
    const other = aFederation().happens({
      type: "authority-created",
      generation: 2,
      fingerprint: "another",
      certificate: "another",
      expiresAt: "2027-03-02T08:00:00.000Z",
    });
    const [one, two] = [aFederation().planned(), other.planned()];
    for (const name of ["alpha", "beta", "gamma"]) {
      assert.notEqual(one.proposal(name).digest, two.proposal(name).digest);
    }
  });

  it("what it is for, and its last day: every site's", () => {
    const one = aFederation().planned();
    for (const other of [aFederation({ purpose: "Something else." }), aFederation({ until: "2026-12-31" })]) {
      other.planned();
      for (const name of ["alpha", "beta"]) assert.notEqual(one.proposal(name).digest, other.proposal(name).digest);
    }
  });

  it("what comes back to what was approved has to be approved again", () => {
    const story = aFederation().approved();
    story.shows(
      "beta",
      template(() => ({ contentDigest: "f".repeat(64) })),
    );
    story.takes(beginAttempt(story.federation, zone("beta"), story.survey("beta"), story.context));
    story.shows("beta", (usual) => usual).approvedBy("beta");
    story.takes(beginAttempt(story.federation, zone("beta"), story.survey("beta"), story.context));
    assert.equal(story.site("beta").approvalState, "pending");
    assert.deepEqual(story.site("beta").consents, []);
  });

  it("a site that is not approved is not begun", () => {
    const story = aFederation().planned();
    const begun = beginAttempt(story.federation, zone("beta"), story.survey("beta"), story.context);
    assert.equal("refusal" in begun && begun.refusal, "not-open");
  });

  it("a plan is made once: nothing is proposed anew to sites that are asked already", () => {
    const story = aFederation().planned();
    assert.deepEqual(proposeSites(story.federation, story.surveys(), story.context), { ok: true, events: [] });
  });
});

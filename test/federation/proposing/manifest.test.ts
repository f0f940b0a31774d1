import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Manifest, manifestFor } from "../../../src/federation/model/manifests.ts";
import { flowerPart, type SitePlan } from "../../../src/federation/model/plan.ts";
import {
  attemptTag,
  type ServiceOrder,
  serviceOrder,
  serviceTemplateFor,
  vmOrder,
} from "../../../src/federation/proposing/manifest.ts";
import { isContextValue } from "../../../src/guest-protocol/alphabets.ts";
import { decodePem } from "../../../src/guest-protocol/certificates.ts";
import { AUTHORITY } from "../../builders/chronicle.ts";
import { adjust } from "../../builders/commands.ts";
import { aZone, LATER, MANIFESTS, SHIPPED, sitesOf } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { type LoneOrder, loneOrder } from "../../builders/order.ts";
import { aDataImage } from "../../builders/survey.ts";

const manifestOf = ({ role }: SitePlan): Manifest => manifestFor(MANIFESTS, role);
const order = (story: Story, name: string): ServiceOrder => {
  const { plan, digest } = story.proposal(name);
  return serviceOrder(plan, manifestOf(plan), attemptTag(plan.federation, plan, digest, 3), AUTHORITY.certificate);
};
const flat = (story: Story, name: string): LoneOrder => loneOrder(order(story, name));
const shippedContext = (plan: SitePlan): Readonly<Record<string, string>> =>
  serviceTemplateFor(plan, manifestOf(plan)).roles.at(-1)?.template_contents.CONTEXT ?? {};
const entering = ({ roles, userInputs }: ServiceOrder, plan: SitePlan): readonly string[] =>
  Object.entries({ ...shippedContext(plan), ...userInputs, ...roles.at(-1)?.context }).flat();

describe("what a zone is handed", () => {
  it("holds only values that may enter CONTEXT, whatever a person may have written", () => {
    const written = fc.stringMatching(/^[A-Za-z0-9 ._:/,+=-]{0,40}$/);
    fc.assert(
      fc.property(written, fc.domain(), (text, host) => {
        const zones = sitesOf(["alpha", "beta"].map((name) => aZone(name, { nodeConfig: { note: text } })));
        const address = { kind: "given", host: host.toLowerCase(), port: 443 } as const;
        const story = aFederation({ zones: ["alpha", "beta"], address, context: { sites: zones } }).planned();
        for (const name of ["alpha", "beta"]) {
          const values = entering(order(story, name), story.proposal(name).plan);
          assert.deepEqual(
            values.filter((value) => !isContextValue(value)),
            [],
          );
        }
      }),
      { numRuns: 50 },
    );
  });

  it("gives every user input of the service template a value", () => {
    const story = aFederation().planned();
    for (const [name, manifest] of [
      ["alpha", SHIPPED.coordinator],
      ["beta", SHIPPED.training],
    ] as const) {
      const { userInputs } = order(story, name);
      assert.deepEqual(Object.keys(userInputs).toSorted(), Object.keys(manifest.template.user_inputs).toSorted());
      assert.deepEqual(
        Object.entries(userInputs).filter(([, value]) => value === ""),
        [],
      );
    }
  });

  it("never names a value both as a user input and in CONTEXT", () => {
    const story = aFederation().planned();
    for (const name of ["alpha", "beta"]) {
      const { plan } = story.proposal(name);
      const { userInputs, context } = flat(story, name);
      const inContext = new Set([...Object.keys(context), ...Object.keys(shippedContext(plan))]);
      assert.deepEqual(
        Object.keys(userInputs).filter((input) => inContext.has(input)),
        [],
      );
    }
  });

  it("tells a training site where to dial and whom to trust", () => {
    const story = aFederation().planned();
    const { userInputs } = order(story, "beta");
    assert.equal(userInputs["FL_SUPERLINK_ADDRESS"], `${story.federation.endpoint?.host}:9092`);
    assert.deepEqual(decodePem(userInputs["FL_SSL_CA_CERTFILE"] ?? "", "CERTIFICATE"), {
      ok: true,
      value: [AUTHORITY.certificate],
    });
    assert.equal(userInputs["FLOWER_VERSION"], "1.31.0");
    assert.equal(userInputs["FL_TLS_ENABLED"], "YES");
  });

  it("tells a coordinator its dialled address, as a name of its certificate too, and who may start runs", () => {
    const story = aFederation({ address: { kind: "given", host: "fl.example.org", port: 443 } }).planned();
    const { userInputs, context } = flat(story, "alpha");
    assert.equal(userInputs["FL_CERT_EXTRA_SAN"], "DNS:fl.example.org");
    assert.equal(context["FL_DIALLED_ADDRESS"], "fl.example.org:443");
    assert.deepEqual([context["SSH_PUBLIC_KEY"]], story.proposal("alpha").plan.sshKeys);
    const picked = aFederation().planned();
    assert.equal(order(picked, "alpha").userInputs["FL_CERT_EXTRA_SAN"], `IP:${picked.federation.address}`);
  });

  it("says who the guest is and which attempt made it", () => {
    const story = aFederation().planned();
    const { digest } = story.proposal("beta");
    const { context } = flat(story, "beta");
    assert.equal(context["FL_FEDERATION"], story.federation.id);
    assert.equal(context["FL_SITE"], "beta");
    assert.equal(context["FL_ATTEMPT"], `${story.federation.id}/beta/${digest.slice(0, 12)}/3`);
  });

  it("carries the owner's node configuration as Flower reads it: text in quotes, numbers and truth values bare", () => {
    const nodeConfig = { "data-path": "/data", folds: "5", ratio: "0.8", gpu: "true" };
    const story = aFederation({
      context: { sites: sitesOf([aZone("alpha"), aZone("beta", { nodeConfig }), aZone("gamma")]) },
    });
    const value = flat(story.planned(), "beta").context["FL_NODE_CONFIG"] ?? "";
    assert.equal(Buffer.from(value, "base64").toString("utf8"), "data-path='/data' folds=5 ratio=0.8 gpu=true");
  });

  it("says which folder the owner attached, and tells apps where they find it", () => {
    const story = aFederation().planned();
    assert.equal(flat(story, "beta").context["FL_DATA"], undefined);
    story.does(adjust("beta", { data: { kind: "folder", path: "/srv/scans 2" } }));
    const { context } = flat(story, "beta");
    assert.equal(context["FL_DATA"], "/srv/scans 2");
    assert.match(Buffer.from(context["FL_NODE_CONFIG"] ?? "", "base64").toString("utf8"), /data-path='\/mnt\/data'/);
  });

  it("asks for a disk of the owner's image beside those of the template, however VMs are made", () => {
    const zones = sitesOf([aZone("alpha"), aZone("beta"), aZone("gamma", { deploy: "vms" })]);
    const story = aFederation({ context: { sites: zones } }).planned();
    for (const name of ["beta", "gamma"]) {
      story.shows(name, (usual) => ({ ...usual, data: aDataImage() }));
      story.does(adjust(name, { data: { kind: "disk", image: 12 } }));
      const { context, disks } = flat(story, name);
      assert.deepEqual(disks, [{ IMAGE_ID: "12", SERIAL: "florist-data" }]);
      assert.equal(context["FL_DATA"], "disk");
      const { plan } = story.proposal(name);
      assert.deepEqual(plan.data, { kind: "disk", image: { id: 12, name: "Scans", registeredAt: 1_760_000_000 } });
      assert.deepEqual(vmOrder(plan, order(story, name), manifestOf(plan), 1).disks, disks);
    }
    assert.deepEqual(flat(story, "alpha").disks, []);
  });

  it("asks for the picked address on the coordinator's one NIC and for none at a training site", () => {
    const story = aFederation().planned();
    const carried = { NAME: "_NIC0", NETWORK_ID: "3", MODEL: "virtio", SECURITY_GROUPS: "0" };
    assert.deepEqual(flat(story, "alpha").nics, [{ ...carried, IP: story.federation.address }]);
    assert.deepEqual(flat(story, "beta").nics, [carried]);
  });

  it("is one VM at the coordinator and as many as approved at a training site", () => {
    const story = aFederation({ superNodes: 5 }).planned();
    assert.equal(flat(story, "alpha").cardinality, 1);
    assert.equal(flat(story, "beta").cardinality, 5);
  });
});

describe("the service template that is registered", () => {
  it("is the one that ships, with the zone's VM template and the agent filled in", () => {
    const { plan } = aFederation().planned().proposal("beta");
    const filled = serviceTemplateFor(plan, SHIPPED.training);
    const [role] = filled.roles;
    assert.ok(role !== undefined);
    assert.equal(role.template_id, flowerPart(plan).template.id);
    assert.equal(role.template_contents.CONTEXT["START_SCRIPT_BASE64"], SHIPPED.training.agent.base64);
    const shipped = SHIPPED.training.template.roles.find(({ name }) => name === "supernode");
    const emptied = { ...role.template_contents.CONTEXT, START_SCRIPT_BASE64: "" };
    assert.deepEqual(
      {
        ...filled,
        name: SHIPPED.training.template.name,
        roles: [{ ...role, template_id: 0, template_contents: { CONTEXT: emptied } }],
      },
      { ...SHIPPED.training.template, roles: [shipped] },
    );
  });

  it("bears another name for another VM template or agent, so that old ones stay readable beside it", () => {
    const { plan } = aFederation().planned().proposal("beta");
    const part = flowerPart(plan);
    const another = { ...plan, parts: [{ ...part, template: { ...part.template, id: part.template.id + 1 } }] };
    const names = [
      serviceTemplateFor(plan, SHIPPED.training),
      serviceTemplateFor(another, SHIPPED.training),
      serviceTemplateFor(plan, LATER.training),
    ].map(({ name }) => name);
    assert.equal(new Set(names).size, 3);
  });
});

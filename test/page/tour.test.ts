import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { topologyOf } from "../../sandbox/page/client/topology.ts";
import { nextStep, type Scene } from "../../sandbox/page/client/tour.ts";
import type { ShownVm, ShownZone, VmFault } from "../../sandbox/page/protocol.ts";
import { CONTEXT, PUBLISHED } from "../../src/guest-protocol/names.ts";

const vm = (id: number, role: string, stage: string, faults: VmFault[] = []): ShownVm => ({
  id,
  name: `vm-${id}`,
  word: "RUNNING",
  serviceId: 1,
  addresses: [],
  cpu: 1,
  memoryMb: 1024,
  context: { [CONTEXT.role]: role, [CONTEXT.federation]: "f1" },
  attributes: { [PUBLISHED.stage]: stage, [PUBLISHED.link]: "ok" },
  faults,
});
const zone = (letter: string, ...vms: ShownVm[]): ShownZone => ({
  name: `zone-${letter}`,
  title: `Hospital ${letter.toUpperCase()}`,
  answering: true,
  faults: [],
  calls: [],
  callsPerMinute: 0,
  services: [],
  vms,
  templates: [],
});
const scene = (change: Partial<Scene>): Scene => ({
  requester: "rosa",
  home: "C-home",
  command: "/flower",
  zones: [zone("a"), zone("b")],
  views: {},
  federations: [],
  waiting: [],
  nameOf: (person) => person,
  ...change,
});
const hearts = [{ name: "hearts", ts: "1" }];

suite("The tour", () => {
  test("begins with the form, and again when nothing is left of a federation", () => {
    const { number, offer } = nextStep(scene({}));
    assert.equal(number, 1);
    assert.deepEqual(offer, { do: "go", person: "rosa", channel: "C-home", composer: "/flower deploy-site" });
  });

  test("leads to each owner whose card waits", () => {
    const asked = { person: "owner-d", channel: "C-d", place: "Hospital B, cardiology", button: "Approve" };
    const { title, offer } = nextStep(scene({ federations: hearts, waiting: [asked] }));
    assert.equal(title, "Decide for Hospital B, cardiology");
    assert.deepEqual(offer, { do: "go", person: "owner-d", channel: "C-d" });
  });

  test("leads to the owner who is asked for a certificate", () => {
    const asked = { person: "owner-a", channel: "C-a", place: "", button: "Give the CA's certificate" };
    const { says, offer } = nextStep(scene({ federations: hearts, waiting: [asked] }));
    assert.match(says, /As owner-a, .*#C-a .*“Give the CA's certificate”/);
    assert.deepEqual(offer, { do: "go", person: "owner-a", channel: "C-a" });
  });

  test("waits until every VM serves, a SuperNode among them", () => {
    const superlink = zone("a", vm(0, "superlink", "serving"));
    assert.equal(nextStep(scene({ federations: hearts })).number, 4);
    assert.equal(nextStep(scene({ federations: hearts, zones: [superlink] })).number, 4);
    const coming = zone("b", vm(0, "supernode", "starting"));
    assert.equal(nextStep(scene({ federations: hearts, zones: [superlink, coming] })).number, 4);
    const serving = zone("b", vm(0, "supernode", "serving"));
    assert.ok(nextStep(scene({ federations: hearts, zones: [superlink, serving] })).done);
  });

  test("says of a federation that ended that what runs is being removed", () => {
    const { title } = nextStep(scene({ zones: [zone("a", vm(0, "superlink", "serving"))] }));
    assert.equal(title, "What ran is being removed");
  });
});

suite("The topology", () => {
  const zones = [
    zone("a", vm(0, "superlink", "serving")),
    zone("b", vm(0, "supernode", "serving"), vm(1, "supernode", "serving", ["cut"])),
    ...["c", "d", "e", "f", "g", "h"].map((letter) => zone(letter)),
  ];

  test("has the SuperLink's zone on top and a line from every SuperNode to it", () => {
    const { boxes, lines } = topologyOf(zones);
    assert.equal(boxes[0]?.zone.name, "zone-a");
    assert.deepEqual(
      lines.map(({ from, to }) => [from.guest.zone, from.guest.state, to.guest.zone]),
      [
        ["zone-b", "cut", "zone-a"],
        ["zone-b", "up", "zone-a"],
      ],
    );
  });

  test("keeps eight zones apart and inside the picture", () => {
    const { boxes, width, height } = topologyOf(zones);
    for (const [nth, one] of boxes.entries()) {
      assert.ok(one.x >= 0 && one.x + one.width <= width && one.y + one.height <= height, one.zone.name);
      for (const other of boxes.slice(nth + 1)) {
        const apart = one.y + one.height <= other.y || one.x + one.width <= other.x || other.x + other.width <= one.x;
        assert.ok(apart, `${one.zone.name} and ${other.zone.name}`);
      }
    }
  });
});

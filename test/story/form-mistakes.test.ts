/** What the modals say about what people type, in Slack's own dialogue. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { ShownView } from "../../sandbox/slack/control/control-api.ts";
import type { Player } from "../../sandbox/story/person.ts";
import { FORM, Stage, superNodesLabel } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { startStory } from "./story-sandbox.ts";

type Answers = Parameters<Player["fill"]>[1];

const ADDRESS_KIND = "Address that training sites dial";
const HOST = "Address or DNS name of the SuperLink";
const TIMEOUT = "Keepalive timeout in seconds";
const INTERVAL = "Keepalive interval in seconds";
const VERSION = "Flower version, the same everywhere";
const MINIMUM = "Start with at least this many training sites";
const NAME = "Name of the federation";
const PURPOSE = "What it is for";
const FRAMEWORK = "Framework on the SuperNodes";

let sandbox: Sandbox;
let stage: Stage;

before(async () => {
  sandbox = await startStory({ zones: 3, speed: 20, seed: "form", portBase: 0 });
  stage = new Stage(sandbox);
});
after(() => sandbox.stop());

describe("The form of deploy-site", () => {
  it("says about every empty field that something is missing, before it is sent", async () => {
    const form = await openForm();
    const { mistakes, delivered } = await send(form, {});
    assert.equal(delivered, false);
    assert.deepEqual(Object.keys(mistakes).sort(), ["Coordinator zone", NAME, "Training sites", PURPOSE]);
  });

  it("shows all mistakes at once, each on its own field", async () => {
    const form = await formWith({ training: ["zone-a", "zone-b"], given: true });
    const { mistakes } = await send(form, {
      [NAME]: "Spring Trial!",
      [MINIMUM]: "7",
      [HOST]: "superlink_of.example",
      [FRAMEWORK]: "pytorch",
      [VERSION]: "1.25.0",
      [INTERVAL]: "5",
      [TIMEOUT]: "90",
    });
    const places = ["Training sites", NAME, MINIMUM, HOST, VERSION, INTERVAL];
    assert.deepEqual(Object.keys(mistakes).sort(), places.sort());
    assert.match(
      mistakes["Training sites"] ?? "",
      /Hospital A has no VM template for pytorch.*Hospital B has no VM template/,
    );
  });

  const SINGLE: readonly (readonly [what: string, field: string, answers: Answers, sentence: RegExp])[] = [
    ["a name with capitals", NAME, { [NAME]: "Spring" }, /a-z, 0-9 and -/],
    ["a name of one letter", NAME, { [NAME]: "s" }, /2 to 31/],
    ["a name that a shell could misread", NAME, { [NAME]: "a;$(reboot)" }, /a-z, 0-9 and -/],
    ["a Flower version that nobody released", VERSION, { [VERSION]: "latest" }, /version such as 1\.31\.0/],
    ["Flower before 1.29", VERSION, { [VERSION]: "1.28.9" }, /Use 1\.29 to 1\.34/],
    ["Flower after 1.34", VERSION, { [VERSION]: "1.35.0" }, /Use 1\.29 to 1\.34/],
    [
      "a framework without a VM template in the zone",
      "Training sites",
      { [FRAMEWORK]: "pytorch" },
      /Hospital B has no VM template for pytorch/,
    ],
    ["pings more often than the server permits", INTERVAL, { [INTERVAL]: "29", [TIMEOUT]: "10" }, /30 to 3600 seconds/],
    [
      "a timeout as long as the interval",
      TIMEOUT,
      { [INTERVAL]: "60", [TIMEOUT]: "60" },
      /shorter than the keepalive interval/,
    ],
    ["more sites to start with than are asked for", MINIMUM, { [MINIMUM]: "2" }, /from 1 to 1/],
    ["another port than the SuperLink's on a picked address", "Port", { Port: "443" }, /listens on 9092/],
  ];
  for (const [what, field, answers, sentence] of SINGLE) {
    it(`refuses ${what} on the field ${field}`, async () => {
      const { mistakes } = await send(await formWith({}), { [NAME]: "spring", ...answers });
      assert.deepEqual(Object.keys(mistakes), [field]);
      assert.match(mistakes[field] ?? "", sentence);
    });
  }

  const HOSTS: readonly (readonly [what: string, host: string, sentence: RegExp])[] = [
    ["a private address that nobody said all sites reach", "10.1.2.3", /private address/],
    ["an IPv4 address in IPv6's form", "::ffff:203.0.113.20", /does not dial those/],
    ["an address with a port", "203.0.113.20:9092", /without port/],
    ["a name that is no DNS name", "super link", /DNS name such as/],
    ["an address that is none", "203.0.113.256", /IPv4 address such as/],
    ["the loopback address", "127.0.0.1", /no other site can reach/],
    ["an address for many receivers", "239.1.2.3", /no other site can reach/],
    ["an IPv6 address with a port", "[2001:db8::20]:9092", /without port/],
    ["a URL", "https://superlink.example.org/", /without port/],
  ];
  for (const [what, host, sentence] of HOSTS) {
    it(`refuses ${what} on the address`, async () => {
      const { mistakes } = await send(await formWith({ given: true }), { [NAME]: "spring", [HOST]: host });
      assert.deepEqual(Object.keys(mistakes), [HOST]);
      assert.match(mistakes[HOST] ?? "", sentence);
    });
  }

  it("lets Slack refuse numbers outside a field's bounds", async () => {
    const form = await formWith({});
    const label = superNodesLabel("zone-b");
    const { mistakes, delivered } = await send(form, { [NAME]: "spring", [label]: "11", Port: "70000" });
    assert.equal(delivered, false);
    assert.deepEqual(Object.keys(mistakes).sort(), ["Port", label]);
  });

  it("takes the corrected form, and refuses the same name for another federation then", async () => {
    const form = await formWith({});
    const first = await send(form, { [NAME]: "Spring" });
    assert.deepEqual(Object.keys(first.mistakes), [NAME]);
    assert.deepEqual(await send(form, { [NAME]: "spring" }), { mistakes: {}, delivered: true });
    await stage.reads(homeChannel, "Federation spring");
    const again = await send(await formWith({}), { [NAME]: "spring" });
    assert.match(again.mistakes[NAME] ?? "", /active federation already uses that name/);
  });
});

describe("The forms on an approval card", () => {
  it("refuse a rejection without a reason", async () => {
    const owner = stage.owner("zone-b");
    await owner.press(zoneChannel("zone-b"), "Reject");
    const form = await owner.view("Reject");
    const label = form.fields[0]?.label ?? "";
    const empty = await send(form, {}, owner);
    assert.deepEqual(Object.keys(empty.mistakes), [label]);
    const blank = await send(form, { [label]: "   " }, owner);
    assert.deepEqual(blank.mistakes, { [label]: "Say in a few words why." });
    await owner.close(form);
  });

  it("refuse a folder of data that could not be handed to a VM, and more SuperNodes than were asked for", async () => {
    const owner = stage.owner("zone-b");
    await owner.press(zoneChannel("zone-b"), "Adjust and approve");
    const form = await owner.view("Adjust and approve");
    const many = await send(form, { SuperNodes: "3" }, owner);
    assert.deepEqual(Object.keys(many.mistakes), ["SuperNodes"]);
    const unsafe = await send(form, { SuperNodes: "1", "Data: a folder of the VMs": "/data$(id)" }, owner);
    assert.deepEqual(Object.keys(unsafe.mistakes), ["Data: a folder of the VMs"]);
    assert.match(unsafe.mistakes["Data: a folder of the VMs"] ?? "", /letters, digits/);
    await owner.close(form);
    assert.equal(
      (await stage.texts(zoneChannel("zone-b"))).some((text) => text.includes("Adjusted")),
      false,
    );
  });
});

async function openForm(): Promise<ShownView> {
  const { requester } = stage;
  for (const view of (await stage.slack.person(requester.id)).views.slice(-1)) await requester.close(view);
  return requester.open(homeChannel, "deploy-site", FORM);
}

/** The form after zones were chosen; `given` asks for an address of one's own. */
async function formWith(wish: { training?: readonly string[]; given?: boolean }): Promise<ShownView> {
  const training = wish.training ?? ["zone-b"];
  const { requester } = stage;
  const form = await openForm();
  await requester.fill(form, { "Coordinator zone": "zone-a", "Training sites": training, [PURPOSE]: "A trial." });
  const shown = await requester.view(FORM, training.map(superNodesLabel));
  if (wish.given !== true) return shown;
  await requester.fill(shown, { [ADDRESS_KIND]: "I give the address" });
  return requester.view(FORM, [HOST]);
}

/** The sentences under the fields, by the fields' labels. */
async function send(
  form: ShownView,
  answers: Answers,
  person: Player = stage.requester,
): Promise<{ mistakes: Readonly<Record<string, string>>; delivered: boolean }> {
  await person.fill(form, answers);
  const { errors = {}, delivered, problem } = await person.submit(form);
  assert.equal(problem, undefined);
  const labelOf = (block: string): string => form.fields.find(({ blockId }) => blockId === block)?.label ?? block;
  const mistakes = Object.fromEntries(Object.entries(errors).map(([block, text]) => [labelOf(block), text]));
  return { mistakes, delivered };
}

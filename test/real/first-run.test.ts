import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { zoneChannel } from "../../sandbox/zones-file.ts";
import { FirstRun } from "./first-run.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

const COORDINATOR = "zone-a";

describe("The page on the first run, as it is written, up to ssh itself", { skip: await leftOut() }, () => {
  let federation: RealFederation;
  let superlink: RealView;
  let scientist: FirstRun;

  before(async () => {
    federation = await RealFederation.deploy("lungs");
    superlink = await federation.superlink();
    const [node] = await federation.supernodes();
    assert.ok(node !== undefined && superlink.pid !== null);
    const { FL_SUPERLINK_ADDRESS: endpoint = "" } = await federation.context(node);
    const [address = ""] = endpoint.split(":");
    scientist = new FirstRun({ federation: federation.name, address, pid: superlink.pid });
  });
  after(async () => {
    scientist?.end();
    await federation?.end();
  });

  test("names the version that the federation has, and installs it", async () => {
    assert.match(await scientist.install(), /Flower version: 1\.31\.0/);
  });

  test("has the steps of the message in the coordinator's channel", async () => {
    await federation.reads(zoneChannel(COORDINATOR), "is ready for runs", scientist.block(2), scientist.block(3, 1));
  });

  test("opens a tunnel to the SuperLink's VM, and trusts the CA whose fingerprint the message shows", async () => {
    await scientist.openTunnel();
    const { messages } = await federation.stage.slack.channel(zoneChannel(COORDINATOR));
    const files = messages.flatMap((message) => [message, ...message.replies]).flatMap((message) => message.files);
    const ca = files.find(({ name }) => name === `${federation.name}-ca.pem`);
    assert.ok(ca);
    scientist.save(ca.name, ca.text);
    const fingerprint = (await scientist.types(scientist.block(3))).split("=")[1]?.trim();
    assert.ok(fingerprint);
    await federation.reads(zoneChannel(COORDINATOR), fingerprint);
  });

  test("adds the connection and starts a run, whose rounds and end are shown", async () => {
    scientist.connect();
    const said = await scientist.types(scientist.block(4));
    const rounds = [...said.matchAll(/ROUND \{"round": (\d+), "nodes": \[(.*?)\], "loss": [\d.]+\}/g)];
    assert.deepEqual(
      rounds.map(([, round]) => round),
      ["1", "2", "3"],
      said,
    );
    for (const [, , nodes = ""] of rounds) assert.ok(nodes.split(", ").length >= 3, nodes);
    const list = `flwr list ${federation.name}`;
    assert.ok(scientist.mentions(list));
    await federation.until("the run is listed as completed", async () =>
      (await scientist.types(list)).includes("finished:completed"),
    );
  });
});

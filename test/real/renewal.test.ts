import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun } from "../../sandbox/hypervisor/real/flower-run.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { PUBLISHED } from "../../src/guest-protocol/names.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

/** Seconds. The run below takes longer than the half of it, at which a certificate is renewed. */
const CERTIFICATE_LIFE = 60;
const RUN_MS = 240_000;

describe("with real Flower and certificates that live for a minute", { skip: await leftOut() }, () => {
  let federation: RealFederation;

  before(async () => {
    federation = await RealFederation.deploy("renewal", {
      zones: 2,
      fields: { "SuperNodes in Hospital B": "1" },
      policy: { certificateLife: `${CERTIFICATE_LIFE} s` },
    });
  });
  after(() => federation?.end());

  test("a certificate renewed in the middle of a run keeps process, connections and run, and alarms nobody", async () => {
    const superlink = await federation.superlink();
    const [node] = await federation.supernodes();
    assert.ok(node);
    await federation.reads(homeChannel, "The federation is ready for runs");
    const run = await FlowerRun.start(superlink, { nodes: 1, answers: 1, seconds: 12 });
    await federation.until("the run is on its way", async () => (await run.status()) === "running");
    const told = await everythingTold();
    const before = await lookAt(superlink, node);
    const certificate = await published(superlink);
    assert.equal(await certificateMet(node), certificate);
    assert.equal(before.connections.length, 1, "a SuperNode holds one connection");
    const promised = await validUntil();

    await federation.until("the SuperLink publishes another certificate", async () => {
      return (await published(superlink)) !== certificate;
    });
    assert.equal(await run.status(), "running");
    assert.equal(await certificateMet(node), await published(superlink));
    assert.deepEqual(await lookAt(superlink, node), before);

    assert.equal(await run.ended(RUN_MS), "finished:completed");
    const { rounds } = await run.outcome();
    assert.deepEqual(
      rounds.map(({ nodes }) => nodes.length),
      [1, 1, 1],
    );
    assert.deepEqual(await lookAt(superlink, node), before);
    assert.ok((await validUntil()) > promised);
    assert.deepEqual(await everythingTold(), told);
  });

  async function published(superlink: RealView): Promise<string> {
    return (await federation.attributes(superlink))[PUBLISHED.fingerprint] ?? "";
  }

  /** What is not to change: what runs and is connected, and what the SuperNode says of the way. */
  async function lookAt(superlink: RealView, node: RealView) {
    const { FL_STAGE: stage, FL_REASON: reason, FL_LINK: link } = await federation.attributes(node);
    return {
      superlink: await processOf(superlink, "flower-superlink"),
      supernode: await processOf(node, "flower-supernode"),
      connections: await connectionsOf(node),
      said: [stage, reason, link],
    };
  }

  /** SHA-256 of the certificate that somebody in the node's place meets now, by a handshake of OpenSSL's own. */
  async function certificateMet(node: RealView): Promise<string> {
    const { FL_SUPERLINK_ADDRESS: address } = await federation.context(node);
    const handshake = `openssl s_client -connect ${address} </dev/null 2>/dev/null`;
    const told = await new Inside(node).run(["sh", "-c", `${handshake} | openssl x509 -noout -fingerprint -sha256`]);
    return told.trim().split("=").at(-1) ?? "";
  }

  async function everythingTold(): Promise<readonly string[]> {
    const channels = [homeChannel, ...federation.sandbox.zoneNames.map(zoneChannel)];
    return (await Promise.all(channels.map((channel) => federation.stage.texts(channel)))).flat();
  }

  /** Until when the certificate is valid, in seconds since 1970, as the answer to `status` holds it. */
  async function validUntil(): Promise<number> {
    const { requester, slack } = federation.stage;
    const known = (await slack.calls()).length;
    await requester.type(homeChannel, `status ${federation.name}`);
    return await slack.until("the answer to status", async () => {
      const fresh = JSON.stringify((await slack.calls()).slice(known));
      const [, moment] = /certificate is valid until <!date\^(\d+)\^/.exec(fresh) ?? [];
      return moment === undefined ? undefined : Number(moment);
    });
  }
});

async function processOf(vm: RealView, program: string): Promise<string> {
  return (await new Inside(vm).run(["pgrep", "-f", `bin/${program}`])).trim();
}

/** Both ends of every connection that the SuperNode holds; those of the agent's own dials are left out. */
async function connectionsOf(node: RealView): Promise<readonly string[]> {
  const listing = await new Inside(node).run(["ss", "-Hntp", "state", "established", "dport", "=", ":9092"]);
  const lines = listing.split("\n").filter((line) => line.includes("flower-supernod"));
  return lines.map((line) => line.trim().split(/\s+/).slice(2, 4).join(" ")).sort();
}

/** What goes wrong with a tunnel is told as what it is, by both ends' words, and heals without anything made anew. */
import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { GuestView } from "../../sandbox/hypervisor/quick-hypervisor.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { tunnelKeysOf } from "../../sandbox/story/tunnels.ts";
import { SANDBOX_HUB } from "../../sandbox/zones-file.ts";
import { encodeTunnelPeers } from "../../src/guest-protocol/tunnel.ts";
import { journalOf, type StoredEvent, untilJournal } from "../faults/data-directory.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = SANDBOX_HUB.zone;
const SITE = "zone-b";
const OTHER = "zone-c";
const STRANGE = Buffer.alloc(32, 9).toString("base64");

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;
before(async () => {
  sandbox = await startStory({ zones: 3, speed: 20, seed: "tunnel faults", portBase: 0, network: "wireguard" });
  stage = new Stage(sandbox);
  story = new FederationStory(stage, {
    name: "troubled",
    coordinator: COORDINATOR,
    training: [SITE, OTHER],
    hub: `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}`,
    fields: { "SuperNodes in Hospital B": "1", "SuperNodes in Hospital C": "1" },
  });
  await story.askAndApprove();
  for (const zone of story.wish.training) await story.isUp(zone);
});
after(() => sandbox.stop());

describe("A fault of a tunnel", () => {
  it("that worked is a tunnel that is cut, and after long one of which nothing arrives; it heals by itself", async (t) => {
    const path = (udp: "blocked" | "open") => stage.guests.setPath(SITE, { udp });
    await isTold(t, "tunnel-cut", "The tunnel worked until now", () => path("blocked"));
    await isTold(t, "tunnel-unheard", "nothing that this site sends arrives there", async () => undefined);
    await nothingStands(OTHER);
    await isWell(t, () => path("open"));
  });

  it("that stands and loses what is large is told as that", async (t) => {
    await isTold(t, "link-tunnel-stalled", "larger packets are lost in it", () =>
      stage.guests.setPath(SITE, { mtu: 1400 }),
    );
    await isWell(t, () => stage.guests.setPath(SITE, { mtu: 1500 }));
  });

  it("at whose other end nobody listens is told as that, to whoever can mend it", async (t) => {
    const hub = await guest("superlink");
    await isTold(t, "link-tunnel-refused", "Nobody listens at the tunnel's public address", () =>
      stage.guests.kill(hub),
    );
    await isWell(t, () => stage.guests.reboot(hub));
  });

  it("whose VM sends with another one's address is told as that, and so is one that reaches for other sites", async (t) => {
    const fault = (kind: "forged-tunnel-address" | "stray-packets", address: string) =>
      stage.guests.addFault({ zone: OTHER, fault: { kind, address } });
    await isTold(t, "tunnel-strays", "what is not for the SuperLink", () => fault("stray-packets", "10.99.0.1"), OTHER);
    await isWell(t, () => stage.guests.clearFaults(), OTHER);
    const forge = () => fault("forged-tunnel-address", "10.99.0.1");
    await isTold(t, "tunnel-not-allowed", "are not what was approved", forge, OTHER);
    await nothingStands(SITE);
    await isWell(t, () => stage.guests.clearFaults(), OTHER);
  });

  it("whose addresses are not what was approved is told as that, and is over when the site is retried", async (t) => {
    const [key = ""] = await tunnelKeysOf(stage, COORDINATOR);
    await isTold(t, "tunnel-not-allowed", "are not what was approved", () => tell(OTHER, key, "10.99.0.8/32"), OTHER);
    await isWell(t, () => story.press(OTHER, "Retry"), OTHER);
  });

  it("whose ends have not each other's keys is told as that, and is over when the site is retried", async (t) => {
    await isTold(t, "tunnel-other-key", "do not have each other's keys", () => tell(SITE, STRANGE, "10.99.0.0/32"));
    await isWell(t, () => story.press(SITE, "Retry"));
  });
});

/** Somebody tells the zone's SuperNode of another hub, or of another address of it, behind the bot's back. */
async function tell(zone: string, key: string, network: string): Promise<void> {
  const { vmId } = await guest("supernode", zone);
  const endpoint = `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}`;
  const hub = { key, endpoint, allowed: [network], replaces: null };
  const peers = encodeTunnelPeers({ sequence: 1000, own: ["10.99.0.1/31"], peers: [hub] });
  await stage.zones.command(zone, { do: "update-vm", vm: vmId, text: `WG_PEERS="${peers}"` });
}

async function guest(role: GuestView["role"], zone = SITE): Promise<GuestView> {
  const found = (await stage.guests.guests()).find(
    (one) => one.role === role && (role !== "supernode" || one.zone === zone),
  );
  assert.ok(found);
  return found;
}

/** It is raised in the site, and its owners read what it is. */
async function isTold(
  t: TestContext,
  code: string,
  words: string,
  plant: () => Promise<unknown>,
  zone = SITE,
): Promise<void> {
  const { length } = await journalOf(sandbox, story.name);
  const since = Date.now();
  await plant();
  const isIt = ({ type, code: told, subject }: StoredEvent): boolean =>
    (type === "condition-raised" || type === "condition-flapping") && told === code && Object(subject).site === zone;
  await untilJournal(sandbox, story.name, code, (events) => events.slice(length).some(isIt));
  const said = Date.now() - since;
  await story.zoneReads(zone, words);
  t.diagnostic(`${code}: said after ${said} ms, read after ${Date.now() - since} ms`);
}

/** Nothing is held against the site's tunnel any more; that it has come and gone is told of the site for longer. */
async function isWell(t: TestContext, mend: () => Promise<unknown>, zone = SITE): Promise<void> {
  const since = Date.now();
  await mend();
  await nothingStands(zone);
  t.diagnostic(`well after ${Date.now() - since} ms`);
}

const nothingStands = (zone: string): Promise<unknown> =>
  untilJournal(sandbox, story.name, `${zone} well`, (events) => openIn(events, zone).size === 0);

function openIn(events: readonly StoredEvent[], zone: string): ReadonlySet<unknown> {
  const open = new Set<unknown>();
  for (const { type, code, subject, site } of events) {
    if (type === "attempt-started" && site === zone) open.clear();
    if (!type.startsWith("condition-") || Object(subject).kind !== "link" || Object(subject).site !== zone) continue;
    if (type === "condition-cleared") open.delete(code);
    else open.add(code);
  }
  return open;
}

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RealView } from "../../src/sandbox/guests/real/real-hypervisor.ts";
import { homeChannel, zoneChannel } from "../../src/sandbox/zones-file.ts";
import { authorityOf, type Presented, presented, strangeAuthority } from "./false-certificates.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

/** In which a guest tells what is wrong with its way to the SuperLink. */
const TOLD_MS = 30_000;
/** In which the bot passes it on. */
const SHOWN_MS = 15_000;
/** Flower counts a SuperNode that could not say goodbye as online for a minute, and does not take it back before. */
const HEALED_MS = 120_000;
const DAY_S = 86_400;
const SITES = ["zone-b", "zone-c", "zone-d", "zone-e"];

const CLOCK_DIFFERS = {
  detail:
    "The VM's clock differs from the SuperLink's, and the SuperLink refuses it silently. This zone's owner: set the host's clock",
  sentence: "A guest reports a problem.",
};

type Fault = { readonly bring: () => Promise<void>; readonly remove: () => Promise<void> };

type Expected = {
  /** What the guest then says: FL_LINK, and FL_REASON. */
  readonly link: string;
  readonly reason: string;
  /** How what its zone's channel reads of it begins, and what the home channel's thread reads. */
  readonly detail: string;
  readonly sentence: string;
};

describe("with real Flower, a SuperNode whose way to the SuperLink is not well", {
  skip: await leftOut(),
  concurrency: SITES.length,
}, () => {
  let federation: RealFederation;
  let address: { readonly ip: string; readonly port: number };
  let certificates: Readonly<Record<"otherName" | "expired" | "otherAuthority", Presented>>;
  /** Sites whose SuperNode is well: each test takes one. */
  const free = [...SITES];
  const rules = new Map<string, string>();

  before(async () => {
    const storeKey = randomBytes(32).toString("hex");
    const one = SITES.map((site) => [`SuperNodes in Hospital ${site.slice(-1).toUpperCase()}`, "1"]);
    const wish = { zones: SITES.length + 1, fields: Object.fromEntries(one), storeKey };
    federation = await RealFederation.deploy("links", wish);
    const { FL_SUPERLINK_ADDRESS: dialled = "" } = await federation.context(await node("zone-b"));
    const [ip = "", port] = dialled.split(":");
    address = { ip, port: Number(port) };
    const authority = await authorityOf(join(federation.sandbox.directory, "data"), storeKey);
    certificates = {
      otherName: await presented(authority, "198.51.100.7"),
      expired: await presented(authority, ip, 2),
      otherAuthority: await presented(await strangeAuthority(), ip),
    };
  });
  after(() => federation?.end());

  test("says that what answers speaks no TLS", () =>
    goesThrough((site) => impostor({ zone: site, ...address, kind: "plain" }), {
      link: "not-tls",
      reason: "link-down",
      detail:
        "Something answers at the SuperLink's address that does not speak Flower's protocol over TLS. Coordinator's",
      sentence: "A SuperNode reports: Something answers at the SuperLink's address that does not speak",
    }));

  test("says that the certificate is of another CA", () =>
    goesThrough((site) => impostor({ zone: site, ...address, kind: "tls", ...certificates.otherAuthority }), {
      link: "untrusted-ca",
      reason: "link-down",
      detail:
        "What answers at the SuperLink's address has a certificate of another CA than this federation's. This zone's",
      sentence: "has a certificate of another CA than this federation's. Coordinator's owner: find out",
    }));

  test("says that the certificate lacks the dialled address", () =>
    goesThrough((site) => impostor({ zone: site, ...address, kind: "tls", ...certificates.otherName }), {
      link: "name-mismatch",
      reason: "link-down",
      detail: "The certificate that is shown is not for the address that is dialled. Coordinator's owner: look",
      sentence: "A SuperNode reports: The certificate that is shown is not for the address that is dialled.",
    }));

  test("says that the certificate has expired", () =>
    goesThrough((site) => impostor({ zone: site, ...address, kind: "tls", ...certificates.expired }), {
      link: "expired",
      reason: "link-down",
      detail: "The certificate that is shown has expired. Coordinator's owner: look",
      sentence: "A SuperNode reports: The certificate that is shown has expired.",
    }));

  test("says that its clock is a day ahead", () =>
    goesThrough((site) => clock(site, DAY_S), { link: "ok", reason: "clock", ...CLOCK_DIFFERS }));

  test("says that its clock is a day behind", () =>
    goesThrough((site) => clock(site, -DAY_S), {
      link: "clock-skew",
      reason: "link-down",
      detail:
        "The VM's clock is behind, so no certificate is valid for it yet. This zone's owner: set the host's clock",
      sentence: "A SuperNode reports: The VM's clock is behind, so no certificate is valid for it yet.",
    }));

  test("says that its clock is ten seconds ahead, although the link is well", () =>
    goesThrough((site) => clock(site, 10), { link: "ok", reason: "clock", ...CLOCK_DIFFERS }));

  test("says that the port is closed", () =>
    goesThrough((site) => firewall(site, "reject with tcp reset"), {
      link: "refused",
      reason: "link-down",
      detail: "The SuperLink's address answers and refuses the port. Coordinator's owner: look",
      sentence: "A SuperNode reports: The SuperLink's address answers and refuses the port.",
    }));

  test("says that nothing answers", () =>
    goesThrough((site) => firewall(site, "drop"), {
      link: "unreachable",
      reason: "link-down",
      detail: "The SuperLink's address does not answer. This zone's owner: look",
      sentence: "A SuperNode reports: The SuperLink's address does not answer. Coordinator's owner: look",
    }));

  test("says that the connection stays silent", () =>
    goesThrough((site) => impostor({ zone: site, ...address, kind: "silent" }), {
      link: "stalled",
      reason: "link-down",
      detail: "The connection to the SuperLink opens and then stays silent. This zone's owner: look",
      sentence: "A SuperNode reports: The connection to the SuperLink opens and then stays silent.",
    }));

  async function node(site: string): Promise<RealView> {
    const [found] = await federation.supernodes(site);
    assert.ok(found);
    return found;
  }

  function firewall(site: string, verdict: string): Fault {
    const { guests } = federation.stage;
    return {
      async bring() {
        const { outerAddress } = await node(site);
        rules.set(site, `ip saddr ${outerAddress} ip daddr ${address.ip} tcp dport ${address.port} ${verdict}`);
        await guests.firewall([...rules.values()]);
      },
      async remove() {
        rules.delete(site);
        await guests.firewall([...rules.values()]);
      },
    };
  }

  function impostor(wish: Parameters<RealFederation["stage"]["guests"]["impersonate"]>[0]): Fault {
    const { guests } = federation.stage;
    return { bring: () => guests.impersonate(wish), remove: () => guests.endImpostor(wish.zone) };
  }

  function clock(site: string, ahead: number): Fault {
    const { guests } = federation.stage;
    return {
      bring: async () => guests.setClock(await node(site), ahead),
      remove: async () => guests.setClock(await node(site), 0),
    };
  }

  async function goesThrough(faultOf: (site: string) => Fault, expected: Expected): Promise<void> {
    const site = free.pop();
    assert.ok(site !== undefined);
    const before = await deployed(site);
    const read = await readOf(site, expected);
    const fault = faultOf(site);
    try {
      await fault.bring();
      await isTold(site, expected, read);
    } finally {
      await fault.remove();
    }
    const removed = Date.now();
    await federation.until(`${site} is well again`, HEALED_MS, async () => {
      const { link, stage, reason } = await saidBy(site);
      return link === "ok" && stage === "serving" && reason === "none";
    });
    await federation.until("that is told", SHOWN_MS, async () => (await readOf(site, expected)).over > read.over);
    console.log(`${expected.link}, ${expected.reason}: well again after ${Date.now() - removed} ms`);
    assert.deepEqual(await deployed(site), before);
    assert.deepEqual((await readOf(site, expected)).elsewhere, []);
    free.push(site);
  }

  async function isTold(site: string, expected: Expected, before: Reading): Promise<void> {
    const since = Date.now();
    const word = `${expected.link}, ${expected.reason}`;
    await federation.until(`${site} says ${word}`, TOLD_MS, async () => {
      const { link, reason } = await saidBy(site);
      return link === expected.link && reason === expected.reason;
    });
    const said = Date.now() - since;
    await federation.until("the zone's and the home channel read it", SHOWN_MS, async () => {
      const now = await readOf(site, expected);
      return now.zone > before.zone && now.home > before.home;
    });
    console.log(`${word}: said after ${said} ms, shown after ${Date.now() - since} ms`);
  }

  async function saidBy(site: string) {
    const attributes = await federation.attributes(await node(site));
    return { link: attributes["FL_LINK"], stage: attributes["FL_STAGE"], reason: attributes["FL_REASON"] };
  }

  /** What a redeployment would change. */
  async function deployed(site: string) {
    const { services, vms } = await federation.stage.zones.zone(site);
    return { services: services.map(({ id }) => id), vms: vms.map(({ id, state }) => ({ id, state })) };
  }

  type Reading = Awaited<ReturnType<typeof readOf>>;

  /** How often the channels hold each text, and which channels but the zone's own hold its detail. */
  async function readOf(site: string, { detail, sentence }: Expected) {
    const about = `Hospital ${site.slice(-1).toUpperCase()} (${site})`;
    const told = `VM ${(await node(site)).vmId}: ${detail}`;
    const { channels } = await federation.stage.slack.world();
    const texts = await Promise.all(
      channels.map(async ({ id }) => ({
        id,
        texts: (await federation.stage.texts(id)).filter((text) => text.includes(about)),
      })),
    );
    const count = (channel: string, words: string) =>
      texts.find(({ id }) => id === channel)?.texts.filter((text) => text.includes(words)).length ?? 0;
    return {
      zone: count(zoneChannel(site), told),
      home: count(homeChannel, sentence),
      over: count(homeChannel, "What was reported is over."),
      elsewhere: channels.filter(({ id }) => id !== zoneChannel(site) && count(id, told) > 0).map(({ id }) => id),
    };
  }
});

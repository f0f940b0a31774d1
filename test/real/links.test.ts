import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { missingForClocks } from "../../sandbox/hypervisor/real/clock.ts";
import { authorityOf, type Presented, presented, strangeAuthority } from "./false-certificates.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";
import { type Expected, type Reading, SiteWatch } from "./site-watch.ts";

const DAY_S = 86_400;
const SITES = ["zone-b", "zone-c", "zone-d", "zone-e"];

const CLOCK_DIFFERS = {
  detail:
    "The VM's clock is wrong: certificates are not valid yet, or the SuperLink refuses the SuperNode silently. Here: set the host's clock",
  sentence: "A guest reports a problem.",
};

/** What an impostor does, whoever meets it. */
type Presenting = { readonly kind: "silent" | "plain" } | ({ readonly kind: "tls" } & Presented);
type Fault = { readonly bring: () => Promise<void>; readonly remove: () => Promise<void> };

describe("with real Flower, a SuperNode whose way to the SuperLink is not well", {
  skip: await leftOut(await missingForClocks()),
  concurrency: SITES.length,
}, () => {
  let federation: RealFederation;
  let address: { readonly ip: string; readonly port: number };
  let certificates: Readonly<Record<"otherName" | "expired" | "otherAuthority", Presented>>;
  /** Sites whose SuperNode is well: each test takes one. */
  let free: SiteWatch[];
  const rules = new Map<string, string>();

  before(async () => {
    const storeKey = randomBytes(32).toString("hex");
    const one = SITES.map((site) => [`SuperNodes in Hospital ${site.slice(-1).toUpperCase()}`, "1"]);
    const wish = { zones: SITES.length + 1, fields: Object.fromEntries(one), storeKey };
    federation = await RealFederation.deploy("links", wish);
    free = SITES.map((site) => new SiteWatch(federation, site));
    const [any] = await federation.supernodes();
    assert.ok(any);
    const { FL_SUPERLINK_ADDRESS: dialled = "" } = await federation.context(any);
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

  test("says that what answers speaks no TLS", (t) =>
    goesThrough(t, (site) => impostor(site, { kind: "plain" }), {
      link: "not-tls",
      reason: "link-down",
      detail:
        "Something answers at the SuperLink's address that does not speak Flower's protocol over TLS. At the coordinator, ",
      sentence: "A SuperNode reports: Something answers at the SuperLink's address that does not speak",
    }));

  test("says that the certificate is of another CA", (t) =>
    goesThrough(t, (site) => impostor(site, { kind: "tls", ...certificates.otherAuthority }), {
      link: "untrusted-ca",
      reason: "link-down",
      detail:
        "What answers at the SuperLink's address has a certificate of another CA than this federation's. Here: do not go on",
      sentence: "has a certificate of another CA than this federation's. @owner-a @second-owner-a: find out",
    }));

  test("says that the certificate lacks the dialled address", (t) =>
    goesThrough(t, (site) => impostor(site, { kind: "tls", ...certificates.otherName }), {
      link: "name-mismatch",
      reason: "link-down",
      detail:
        "The certificate that is shown is not for the address that is dialled. At the coordinator, @owner-a @second-owner-a: look",
      sentence: "A SuperNode reports: The certificate that is shown is not for the address that is dialled.",
    }));

  test("says that the certificate has expired", (t) =>
    goesThrough(t, (site) => impostor(site, { kind: "tls", ...certificates.expired }), {
      link: "expired",
      reason: "link-down",
      detail: "The certificate that is shown has expired. Here: look whether the VM's clock is right.",
      sentence: "A SuperNode reports: The certificate that is shown has expired.",
    }));

  test("says that its clock is a day ahead", (t) =>
    goesThrough(t, (site) => clock(site, DAY_S), { link: "ok", reason: "clock", ...CLOCK_DIFFERS }));

  test("says that its clock is a day behind", (t) =>
    goesThrough(t, (site) => clock(site, -DAY_S), {
      link: "clock-skew",
      reason: "link-down",
      detail: "The VM's clock is behind, so no certificate is valid for it yet. Here: set the host's clock",
      sentence: "A SuperNode reports: The VM's clock is behind, so no certificate is valid for it yet.",
    }));

  test("says that its clock is ten seconds ahead, although the link is well", (t) =>
    goesThrough(t, (site) => clockWhileServing(site, 10), { link: "ok", reason: "clock", ...CLOCK_DIFFERS }));

  test("says that the port is closed", (t) =>
    goesThrough(t, (site) => firewall(site, "reject with tcp reset"), {
      link: "refused",
      reason: "link-down",
      detail:
        "The SuperLink's address answers and refuses the port. At the coordinator, @owner-a @second-owner-a: look",
      sentence: "A SuperNode reports: The SuperLink's address answers and refuses the port.",
    }));

  test("says that nothing answers", (t) =>
    goesThrough(t, (site) => firewall(site, "drop"), {
      link: "unreachable",
      reason: "link-down",
      detail: "The SuperLink's address does not answer. Here: look",
      sentence: "A SuperNode reports: The SuperLink's address does not answer. @owner-a @second-owner-a: look",
    }));

  test("says that the connection stays silent", (t) =>
    goesThrough(t, (site) => impostor(site, { kind: "silent" }), {
      link: "stalled",
      reason: "link-down",
      detail: "The connection to the SuperLink opens and then stays silent. Here: look",
      sentence: "A SuperNode reports: The connection to the SuperLink opens and then stays silent.",
    }));

  function firewall(site: SiteWatch, verdict: string): Fault {
    const { guests } = federation.stage;
    return {
      async bring() {
        const { outerAddress } = await site.node();
        rules.set(site.site, `ip saddr ${outerAddress} ip daddr ${address.ip} tcp dport ${address.port} ${verdict}`);
        await guests.firewall([...rules.values()]);
      },
      async remove() {
        rules.delete(site.site);
        await guests.firewall([...rules.values()]);
      },
    };
  }

  function impostor({ site: zone }: SiteWatch, presenting: Presenting): Fault {
    const { guests } = federation.stage;
    return {
      bring: () => guests.impersonate({ zone, ...address, ...presenting }),
      remove: () => guests.endImpostor(zone),
    };
  }

  function clock(site: SiteWatch, ahead: number): Fault {
    const { guests } = federation.stage;
    return {
      bring: async () => guests.setClock(await site.node(), ahead),
      remove: async () => guests.setClock(await site.node(), 0),
    };
  }

  /** As above, of a SuperNode that has been serving: the first time that a clock is set its VM boots again. */
  function clockWhileServing(site: SiteWatch, ahead: number): Fault {
    const fault = clock(site, ahead);
    return {
      async bring() {
        const { pid } = await site.node();
        await clock(site, 0).bring();
        const hasRebooted = (await site.node()).pid !== pid;
        // What it said before its reboot stands until it says something else.
        if (hasRebooted) await federation.until(`${site.site} boots`, async () => !(await site.isWell()));
        await federation.until(`${site.site} serves`, () => site.isWell());
        await federation.until(`${site.site}'s boot is over for the bot too`, () => site.isOver());
        await fault.bring();
      },
      remove: fault.remove,
    };
  }

  async function goesThrough(t: TestContext, faultOf: (site: SiteWatch) => Fault, expected: Expected): Promise<void> {
    const site = free.pop();
    assert.ok(site !== undefined);
    const deployed = await site.deployed();
    // What the last fault left on the card and in the home thread is rewritten a moment after its end was told.
    const isClean = ({ lines, home }: Reading): boolean => lines + home === 0;
    const before = await federation.until(`nothing is told of ${site.site}`, () => site.read(expected), isClean);
    const fault = faultOf(site);
    try {
      try {
        await fault.bring();
        await isTold(t, site, expected);
      } finally {
        await fault.remove();
        await isWellAgain(t, site);
      }
      await federation.until("that is told", async () => (await site.read(expected)).over > before.over);
    } finally {
      // Not earlier: what is not told as over yet would be told as coming and going.
      free.push(site);
    }
    const after = await site.read(expected);
    assert.deepEqual([after.homeDetail, after.elsewhere], [before.homeDetail, before.elsewhere]);
    assert.deepEqual(await site.deployed(), deployed);
  }

  async function isWellAgain(t: TestContext, site: SiteWatch): Promise<void> {
    const since = Date.now();
    await federation.until(`${site.site} is well again`, () => site.isWell());
    t.diagnostic(`well again after ${Date.now() - since} ms`);
  }

  async function isTold(t: TestContext, site: SiteWatch, expected: Expected): Promise<void> {
    const since = Date.now();
    await federation.until(`${site.site} says so`, () => site.says(expected));
    const said = Date.now() - since;
    const isRead = ({ zone, home }: Reading): boolean => zone > 0 && home > 0;
    await federation.until("the zone's and the home channel read it", () => site.read(expected), isRead);
    t.diagnostic(`${expected.link}, ${expected.reason}: said after ${said} ms, shown after ${Date.now() - since} ms`);
    const { lines, zone } = await site.read(expected);
    assert.equal(lines, zone, "nothing else was told");
  }
});

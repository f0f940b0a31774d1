import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RealView } from "../../src/sandbox/guests/real/real-hypervisor.ts";
import { homeChannel, zoneChannel } from "../../src/sandbox/zones-file.ts";
import { authorityOf, type Presented, presented, strangeAuthority } from "./false-certificates.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

const SITE = "zone-b";
/** In which a guest tells what is wrong with its way to the SuperLink. */
const TOLD_MS = 30_000;
const SHOWN_MS = 15_000;
const HEALED_MS = 120_000;
const OVER = "What was reported is over.";

type Cause = {
  readonly bring: () => Promise<void>;
  readonly remove: () => Promise<void>;
  /** What the guest then says: FL_LINK, and why it is not well. */
  readonly link: string;
  readonly reason: string;
  /** How what the zone's own channel reads of the VM begins, and words of what the home channel's thread reads. */
  readonly detail: string;
  readonly sentence: string;
};

const CLOCK_DIFFERS = {
  detail:
    "The VM's clock differs from the SuperLink's, and the SuperLink refuses it silently. This zone's owner: set the host's clock",
  sentence: "A guest reports a problem.",
};

describe("with real Flower, a SuperNode whose way to the SuperLink is not well", { skip: await leftOut() }, () => {
  let federation: RealFederation;
  let address: { readonly ip: string; readonly port: number };
  let certificates: Readonly<Record<"otherName" | "expired" | "otherAuthority", Presented>>;

  before(async () => {
    const storeKey = randomBytes(32).toString("hex");
    federation = await RealFederation.deploy("links", {
      zones: 2,
      fields: { "SuperNodes in Hospital B": "1" },
      storeKey,
    });
    const { FL_SUPERLINK_ADDRESS: dialled = "" } = await federation.context(await node());
    const [ip = "", port] = dialled.split(":");
    address = { ip, port: Number(port) };
    const authority = await authorityOf(join(federation.sandbox.directory, "data"), storeKey);
    certificates = {
      otherName: await presented(authority, "198.51.100.7"),
      expired: await presented(authority, ip, 2),
      otherAuthority: await presented(await strangeAuthority(), ip),
    };
  });
  after(async () => {
    for (const c of [homeChannel, zoneChannel(SITE)]) console.log(c, (await federation.stage.texts(c)).join("\n---\n"));
    await federation?.end();
  });

  test("says that the port is closed", () =>
    goesThrough({
      ...firewall("reject with tcp reset"),
      link: "refused",
      detail: "The SuperLink's address answers and refuses the port. Coordinator's owner: look",
      sentence: "A SuperNode reports: The SuperLink's address answers and refuses the port.",
    }));

  test("says that nothing answers", () =>
    goesThrough({
      ...firewall("drop"),
      link: "unreachable",
      detail: "The SuperLink's address does not answer. This zone's owner: look",
      sentence: "A SuperNode reports: The SuperLink's address does not answer. Coordinator's owner: look",
    }));

  test("says that the connection stays silent", () =>
    goesThrough({
      ...impostor({ kind: "silent" }),
      link: "stalled",
      detail: "The connection to the SuperLink opens and then stays silent. This zone's owner: look",
      sentence: "A SuperNode reports: The connection to the SuperLink opens and then stays silent.",
    }));

  test("says that what answers speaks no TLS", () =>
    goesThrough({
      ...impostor({ kind: "plain" }),
      link: "not-tls",
      detail:
        "Something answers at the SuperLink's address that does not speak Flower's protocol over TLS. Coordinator's owner: look",
      sentence: "A SuperNode reports: Something answers at the SuperLink's address that does not speak",
    }));

  test("says that the certificate is of another CA", () =>
    goesThrough({
      ...presenting(() => certificates.otherAuthority),
      link: "untrusted-ca",
      detail:
        "What answers at the SuperLink's address has a certificate of another CA than this federation's. This zone's owner: do not go on",
      sentence: "has a certificate of another CA than this federation's. Coordinator's owner: find out",
    }));

  test("says that the certificate lacks the dialled address", () =>
    goesThrough({
      ...presenting(() => certificates.otherName),
      link: "name-mismatch",
      detail: "The certificate that is shown is not for the address that is dialled. Coordinator's owner: look",
      sentence: "A SuperNode reports: The certificate that is shown is not for the address that is dialled.",
    }));

  test("says that the certificate has expired", () =>
    goesThrough({
      ...presenting(() => certificates.expired),
      link: "expired",
      detail: "The certificate that is shown has expired. Coordinator's owner: look",
      sentence: "A SuperNode reports: The certificate that is shown has expired.",
    }));

  test("says that its clock is a day ahead, and is well again when the clock is", () =>
    goesThrough({ ...clock(86_400), link: "ok", reason: "clock", ...CLOCK_DIFFERS }));

  test("says that its clock is a day behind", () =>
    goesThrough({
      ...clock(-86_400),
      link: "clock-skew",
      reason: "link-down",
      detail:
        "The VM's clock is behind, so no certificate is valid for it yet. This zone's owner: set the host's clock",
      sentence: "A SuperNode reports: The VM's clock is behind, so no certificate is valid for it yet.",
    }));

  test("says that its clock is ten seconds ahead, although the link is well", () =>
    goesThrough({ ...clock(10), link: "ok", reason: "clock", ...CLOCK_DIFFERS }));

  async function node(): Promise<RealView> {
    const [found] = await federation.supernodes(SITE);
    assert.ok(found);
    return found;
  }

  function firewall(verdict: string): Pick<Cause, "bring" | "remove" | "reason"> {
    const { guests } = federation.stage;
    return {
      bring: () => guests.firewall([`ip daddr ${address.ip} tcp dport ${address.port} ${verdict}`]),
      remove: () => guests.firewall([]),
      reason: "link-down",
    };
  }

  function impostor(kind: { readonly kind: "silent" | "plain" }): Pick<Cause, "bring" | "remove" | "reason"> {
    const { guests } = federation.stage;
    return {
      bring: () => guests.impersonate({ ...address, ...kind }),
      remove: () => guests.endImpostor(),
      reason: "link-down",
    };
  }

  function presenting(certificate: () => Presented): Pick<Cause, "bring" | "remove" | "reason"> {
    const { guests } = federation.stage;
    return {
      bring: () => guests.impersonate({ ...address, kind: "tls", ...certificate() }),
      remove: () => guests.endImpostor(),
      reason: "link-down",
    };
  }

  function clock(ahead: number): Pick<Cause, "bring" | "remove"> {
    const { guests } = federation.stage;
    return {
      bring: async () => guests.setClock(await node(), ahead),
      remove: async () => guests.setClock(await node(), 0),
    };
  }

  /** Brought about it is told, in the right places; removed it heals, and nothing is deployed anew. */
  async function goesThrough({ bring, remove, link, reason, detail: words, sentence }: Cause): Promise<void> {
    const before = await deployed();
    const detail = `VM ${(await node()).vmId}: ${words}`;
    const read = {
      home: await count(homeChannel, sentence),
      zone: await count(zoneChannel(SITE), detail),
      over: await count(homeChannel, OVER),
    };
    try {
      await bring();
      const since = Date.now();
      await federation.until(`${link}, ${reason}`, TOLD_MS, async () => {
        const now = await said();
        return now.link === link && now.reason === reason;
      });
      const told = Date.now() - since;
      await federation.until("the zone's channel reads it", SHOWN_MS, async () => {
        return (await count(zoneChannel(SITE), detail)) > read.zone;
      });
      await federation.until("the home channel reads it", SHOWN_MS, async () => {
        return (await count(homeChannel, sentence)) > read.home;
      });
      console.log(`${link}, ${reason}: said after ${told} ms, shown after ${Date.now() - since} ms`);
    } finally {
      await remove();
    }
    const removed = Date.now();
    await federation.until("it is well again", HEALED_MS, async () => {
      const now = await said();
      return now.link === "ok" && now.stage === "serving" && now.reason === "none";
    });
    await federation.until("that is told", SHOWN_MS, async () => (await count(homeChannel, OVER)) > read.over);
    console.log(`well again after ${Date.now() - removed} ms`);
    assert.deepEqual(await deployed(), before);
    assert.deepEqual(await elsewhere(detail), []);
  }

  async function said() {
    const { FL_LINK: link, FL_STAGE: stage, FL_REASON: reason } = await federation.attributes(await node());
    return { link, stage, reason };
  }

  /** What a redeployment would change: the site's services and VMs. */
  async function deployed() {
    const { services, vms } = await federation.stage.zones.zone(SITE);
    return { services: services.map(({ id }) => id), vms: vms.map(({ id, state }) => ({ id, state })) };
  }

  async function count(channel: string, words: string): Promise<number> {
    return (await federation.stage.texts(channel)).filter((text) => text.includes(words)).length;
  }

  /** Channels other than the zone's own that hold these words. */
  async function elsewhere(words: string): Promise<readonly string[]> {
    const { channels } = await federation.stage.slack.world();
    const others = channels.map(({ id }) => id).filter((id) => id !== zoneChannel(SITE));
    const found = await Promise.all(others.map((id) => count(id, words)));
    return others.filter((_, index) => (found[index] ?? 0) > 0);
  }
});

/**
 * Brings federations up before the stand-in zones, as the bot would without Slack, and leaves them in its data directory.
 * The environment is the bot's; the arguments say how many, and for how many seconds they are waited for.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readFileFromDisk } from "../../src/config/file-reader.ts";
import { describeMistakes, loadConfiguration } from "../../src/config/load-configuration.ts";
import { decide } from "../../src/federation/deciding/decide.ts";
import { channelId, person, type SiteName, siteOfZone, slug, zoneOf } from "../../src/federation/model/identity.ts";
import { serviceTemplate } from "../../src/federation/model/manifests.ts";
import { currentProposal, type Federation } from "../../src/federation/model/state.ts";
import type { Federations } from "../../src/federation/ports.ts";
import type { Request } from "../../src/federation/proposing/request.ts";
import { openManifestArchive } from "../../src/manifests/archive.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { doorsOf, openWays } from "../../src/opennebula/ways.ts";
import { packageRoot } from "../../src/package-root.ts";
import { newFederationId, openRuntime } from "../../src/runtime.ts";
import { QUIET } from "./filling.ts";

const [, , count = "", patience = ""] = process.argv;

const REQUESTER = person.parse({ team: "T0ASTER001", user: "U0REQUEST1" });

const shipped = async (name: string) => ({
  template: serviceTemplate.parse(JSON.parse(await readFile(join(packageRoot(), "manifests", `${name}.json`), "utf8"))),
  agent: await readGuestScript(join(packageRoot(), "manifests", "guest")),
});

const requestOf = (nth: number, sites: readonly SiteName[]): Request => {
  const at = (index: number): SiteName => {
    const name = sites[index % sites.length];
    if (name === undefined) throw new Error("There is no site.");
    return name;
  };
  return {
    federation: newFederationId(),
    name: slug.parse(`living-${nth}`),
    homeChannel: channelId.parse("C0FEDERATE"),
    requester: REQUESTER,
    settings: { flowerVersion: "1.31.0", framework: "none", keepaliveTime: 60, keepaliveTimeout: 20 },
    crossing: { kind: "public-address", address: { kind: "picked", port: 9092, privateIsReachable: true } },
    sites: [
      { site: at(nth), role: "coordinator", superNodes: 0 },
      { site: at(nth + 1), role: "training", superNodes: 1 },
    ],
    minimumTrainingSites: 1,
    purpose: "Measuring.",
    issuer: "florist",
    until: null,
  };
};

const isUp = ({ readyAt }: Federation): boolean => readyAt !== null;

/** Every card is approved by its zone's first owner. */
function approveEverything(store: Federations): void {
  const decided = new Set<string>();
  store.onChange(({ id, sites }) => {
    for (const site of sites.values()) {
      const card = currentProposal(site)?.card;
      if (site.approvalState !== "pending" || card === undefined || decided.has(card)) continue;
      decided.add(card);
      void store.update(id, (federation, context) => {
        const [by] = context.sites.get(site.name)?.owners ?? [];
        if (by === undefined) throw new Error(`${site.name} has no owner.`);
        return decide(federation, { kind: "approve", consent: "run", card, by, key: card }, context);
      });
    }
  });
}

const loaded = await loadConfiguration({ environment: process.env, readFile: readFileFromDisk });
if (!loaded.ok) throw new Error(describeMistakes(loaded.mistakes));
const { configuration } = loaded;
const { dataDirectory, sites, retries } = configuration;
const ways = openWays({
  pool: configuration.zonepool,
  access: configuration.zoneAccess.values(),
  file: { known: null, keep: () => Promise.resolve() },
  ...{ tokenLife: configuration.tokenLife, retries, log: QUIET },
});
const manifests = await openManifestArchive(
  join(dataDirectory, "manifests"),
  { coordinator: await shipped("coordinator"), training: await shipped("training-site") },
  QUIET,
);
const runtime = await openRuntime({
  dataDirectory,
  storeKey: configuration.storeKey,
  policy: { ...configuration.policy, installingTeams: [REQUESTER.team] },
  sites,
  access: doorsOf(configuration.zoneAccess.values(), ways),
  writtenOff: [],
  manifests,
  looking: configuration.polling,
  pace: { retryFirst: retries.first, retryMost: retries.longest },
  checkpoint: () => undefined,
  log: QUIET,
});
approveEverything(runtime.store);
await runtime.start();
const upCount = (): number => [...runtime.store.living()].filter(isUp).length;
const allUp = new Promise<void>((resolve) => {
  const late = setTimeout(resolve, Number(patience) * 1000);
  runtime.store.onChange(() => {
    if (upCount() < Number(count)) return;
    clearTimeout(late);
    resolve();
  });
});
const zones = [...new Set([...sites.keys()].map(zoneOf))].map(siteOfZone);
for (let nth = 0; nth < Number(count); nth += 1) await runtime.store.create(requestOf(nth, zones));
await allUp;
const up = upCount();
await runtime.stop();
console.log(`ready ${JSON.stringify({ up })}`);
process.exit(0);

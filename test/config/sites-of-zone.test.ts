/** The sites that a zone's entry makes, and what each of them has from where. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sitesOfZone } from "../../src/config/sites-of-zone.ts";
import { zoneEntry } from "../../src/config/zone-entry.ts";
import { zoneName, zoneOf } from "../../src/federation/model/identity.ts";
import type { SiteProfile } from "../../src/federation/model/policy.ts";

const ZONE = zoneName.parse("birch");
const OWNER = { team: "T0BIRCH001", user: "U0OWNERB01" };
const OTHER = { team: "T0BIRCH001", user: "U0OWNERB02" };
const COORDINATE = { template: "Flower SuperLink" };
const BASE = {
  title: "Birch",
  xmlrpc: "https://one.birch.example:2633/RPC2",
  user: "florist",
  password: { environment: "BIRCH" },
  channel: "C0BIRCH001",
  owners: [OWNER],
  network: "lab",
  nodeConfig: { organisation: "birch" },
};

const sitesOf = (changes: object): readonly SiteProfile[] =>
  sitesOfZone(ZONE, zoneEntry.parse({ ...BASE, ...changes }));
const named = (sites: readonly SiteProfile[], name: string): SiteProfile =>
  sites.find((site) => site.name === name) ?? assert.fail(`There is no ${name}.`);

describe("A zone's entry", () => {
  it("makes one site that trains, with the zone's name", () => {
    const [site, ...others] = sitesOf({ train: { templates: { none: 7 } } });
    assert.deepEqual(
      [site?.name, site?.templates, others],
      ["birch", { superlink: null, supernode: { none: 7 }, gateway: null }, []],
    );
  });

  it("makes another beside the coordinator where it does both, which has all that the zone has", () => {
    const sites = sitesOf({ coordinate: COORDINATE, train: { templates: { none: 7 } } });
    assert.deepEqual(
      sites.map(({ name }) => name),
      ["birch", "birch/training"],
    );
    const { templates, owners, channel, title } = named(sites, "birch/training");
    assert.deepEqual(templates, { superlink: null, supernode: { none: 7 }, gateway: null });
    assert.deepEqual([owners, channel, title], [[OWNER], "C0BIRCH001", "Birch, training"]);
  });

  it("makes each of its sites, and none of its own name that trains beside them", () => {
    const hearts = { title: "Hearts", owners: [OTHER], network: 4, nodeConfig: {}, templates: { pytorch: 9 } };
    const sites = sitesOf({ train: { templates: { none: 7 }, sites: { hearts, pictures: {} } } });
    assert.deepEqual(
      sites.map(({ name }) => name),
      ["birch", "birch/hearts", "birch/pictures"],
    );
    assert.deepEqual(named(sites, "birch").templates, { superlink: null, supernode: {}, gateway: null });
    const own = named(sites, "birch/hearts");
    assert.deepEqual(
      [own.title, own.owners, own.network, own.nodeConfig, own.templates.supernode, own.channel],
      ["Hearts", [OTHER], 4, {}, { pytorch: 9 }, "C0BIRCH001"],
    );
    const plain = named(sites, "birch/pictures");
    assert.deepEqual(
      [plain.title, plain.owners, plain.network, plain.nodeConfig, plain.templates.supernode],
      ["Birch, pictures", [OWNER], "lab", { organisation: "birch" }, { none: 7 }],
    );
  });

  it("may call a department training: then that is what trains beside its coordinator, with what its entry says", () => {
    const train = { templates: { none: 7 }, sites: { training: { network: 4 } } };
    const sites = sitesOf({ coordinate: COORDINATE, train });
    assert.deepEqual(
      sites.map(({ name, network }) => [name, network]),
      [
        ["birch", "lab"],
        ["birch/training", 4],
      ],
    );
  });

  it("makes sites of the zone with names that differ, each with an owner, and the SuperLink at one of them at most", () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,30}$/);
    const site = fc.record(
      {
        quorum: fc.constant(1),
        owners: fc.constant([OTHER]),
        network: fc.nat(),
        tunnel: fc.constantFrom("own", "router"),
      },
      { requiredKeys: [] },
    );
    const entry = fc.record(
      { coordinate: fc.constant(COORDINATE), several: fc.dictionary(name, site, { minKeys: 1, maxKeys: 6 }) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(entry, ({ several, ...roles }) => {
        const train = { templates: { none: 7 }, ...(several === undefined ? {} : { sites: several }) };
        const sites = sitesOf({ ...roles, train });
        assert.equal(new Set(sites.map(({ name: called }) => called)).size, sites.length);
        for (const { name: called, zone, owners } of sites) {
          assert.deepEqual([zoneOf(called), zone, owners.length], [ZONE, ZONE, 1]);
        }
        const superlinks = sites.filter(({ templates }) => templates.superlink !== null);
        assert.deepEqual(
          superlinks.map(({ name: called }) => called),
          roles.coordinate === undefined ? [] : ["birch"],
        );
      }),
    );
  });
});

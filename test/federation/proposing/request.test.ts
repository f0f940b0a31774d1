import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readableAddress } from "../../../src/federation/model/ipv6.ts";
import { MAX_SUPERNODES } from "../../../src/federation/model/limits.ts";
import { FLOWER, parseForm, type RequestForm, type Taken } from "../../../src/federation/proposing/request.ts";
import { addressWishOf } from "../../../src/federation/tunnels/crossing.ts";
import { isContextValue } from "../../../src/guest-protocol/alphabets.ts";
import { aZone, sitesOf, zone } from "../../builders/decision-context.ts";

const FORM: RequestForm = {
  name: "tumour-study",
  coordinator: "alpha",
  training: [
    { site: "beta", superNodes: "2" },
    { site: "gamma", superNodes: "10" },
  ],
  crossing: "public-address",
  tunnelled: [],
  addressKind: "given",
  host: "fl.example.org",
  port: "9092",
  hub: "",
  range: "",
  privateIsReachable: false,
  framework: "none",
  flowerVersion: "1.31.0",
  keepaliveTime: "60",
  keepaliveTimeout: "20",
  minimumTrainingSites: "2",
  purpose: "Does a tumour grow?",
  issuer: "florist",
  until: "",
};
const NOW = "2026-03-02T08:00:00.000Z";

const ZONES = sitesOf([
  aZone("alpha"),
  aZone("beta"),
  aZone("gamma"),
  aZone("delta", { templates: { superlink: null, supernode: { pytorch: 31 }, gateway: null } }),
]);

const NOTHING_TAKEN: Taken = { names: new Set(), tunnels: [] };
const TAKEN: Taken = {
  names: new Set(["taken"]),
  tunnels: [
    {
      coordinator: zone("delta"),
      hub: { host: "203.0.113.9", port: 51820 },
      since: "2026-03-01T08:00:00.000Z",
      range: "10.99.0.0/23",
    },
  ],
};
const parse = (changes: Partial<RequestForm>) => parseForm({ ...FORM, ...changes }, ZONES, TAKEN, NOW);
const mistakes = (changes: Partial<RequestForm>): Readonly<Record<string, string | undefined>> => {
  const parsed = parse(changes);
  return parsed.ok ? {} : parsed.mistakes;
};
const fieldsOf = (changes: Partial<RequestForm>): readonly string[] => Object.keys(mistakes(changes));

describe("the form", () => {
  it("becomes a request when nothing is wrong with it", () => {
    assert.deepEqual(parse({}), {
      ok: true,
      request: {
        name: "tumour-study",
        settings: { flowerVersion: "1.31.0", framework: "none", keepaliveTime: 60, keepaliveTimeout: 20 },
        crossing: { kind: "public-address", address: { kind: "given", host: "fl.example.org", port: 9092 } },
        sites: [
          { site: "alpha", role: "coordinator", superNodes: 0 },
          { site: "beta", role: "training", superNodes: 2 },
          { site: "gamma", role: "training", superNodes: 10 },
        ],
        minimumTrainingSites: 2,
        purpose: "Does a tumour grow?",
        issuer: "florist",
        until: null,
      },
    });
  });

  it("says what it is for in one line, without what cannot be seen or turns the direction of reading", () => {
    const parsed = parse({ purpose: "  Predicts\n\treadmission\u202e\u0007 from <records> & <!channel>. " });
    assert.equal(parsed.ok && parsed.request.purpose, "Predicts readmission from <records> & <!channel>.");
  });

  for (const { what, purpose } of [
    { what: "nothing", purpose: "" },
    { what: "spaces and what cannot be seen", purpose: " \n\u202e\t" },
    { what: "more than owners would read", purpose: "x".repeat(401) },
  ]) {
    it(`does not take ${what} for what it is for`, () => assert.deepEqual(fieldsOf({ purpose }), ["purpose"]));
  }

  it("takes a last day from tomorrow on, and none that is too far", () => {
    for (const until of ["2026-03-03", "2028-03-02"]) {
      const parsed = parse({ until });
      assert.equal(parsed.ok && parsed.request.until, until);
    }
    for (const until of ["2026-03-02", "2026-03-01", "2028-03-03", "2026-02-30", "soon"]) {
      assert.deepEqual(fieldsOf({ until }), ["until"], until);
    }
  });

  it("forgives spaces around what was typed and capitals in a host name", () => {
    const parsed = parse({ name: " tumour-study ", host: " FL.Example.org ", port: " 9092 ", keepaliveTime: "60 " });
    assert.deepEqual(parsed.ok && parsed.request.crossing, {
      kind: "public-address",
      address: { kind: "given", host: "fl.example.org", port: 9092 },
    });
  });

  it("shows all mistakes at once, each on its field", () => {
    assert.deepEqual(
      fieldsOf({
        name: "Tumour Study",
        coordinator: "nowhere",
        training: [
          { site: "beta", superNodes: "0" },
          { site: "gamma", superNodes: "many" },
          { site: "omega", superNodes: "1" },
        ],
        host: "203.0.113.300",
        port: "0",
        framework: "jax",
        flowerVersion: "latest",
        keepaliveTime: "5",
        keepaliveTimeout: "0",
        minimumTrainingSites: "4",
      }).toSorted(),
      [
        "coordinator",
        "flowerVersion",
        "framework",
        "host",
        "keepaliveTime",
        "keepaliveTimeout",
        "minimumTrainingSites",
        "name",
        "port",
        "superNodes:beta",
        "superNodes:gamma",
        "training",
      ],
    );
  });
});

describe("the name", () => {
  it("is 2 to 31 of a-z, 0-9 and -, starting with a letter", () => {
    for (const name of ["", "a", "1study", "-study", "my study", "Studie", "étude", "a".repeat(32), "a_b", "a\nb"]) {
      assert.deepEqual(fieldsOf({ name }), ["name"], name);
    }
    for (const name of ["ab", "study-2", "a".repeat(31)]) assert.equal(parse({ name }).ok, true, name);
  });

  it("is that of no other active federation", () => {
    assert.match(mistakes({ name: "taken" })["name"] ?? "", /active federation/);
  });
});

describe("zones", () => {
  it("the coordinator's zone must offer to coordinate", () => {
    assert.match(mistakes({ coordinator: "delta" })["coordinator"] ?? "", /does not offer to coordinate/);
  });

  it("a zone that coordinates trains too, as a site beside its coordinator", () => {
    const training = [
      { site: "alpha", superNodes: "2" },
      { site: "beta", superNodes: "1" },
    ];
    const parsed = parse({ training, tunnelled: [] });
    assert.deepEqual(parsed.ok ? parsed.request.sites.map(({ site, role }) => [site, role]) : parsed.mistakes, [
      ["alpha", "coordinator"],
      ["alpha/training", "training"],
      ["beta", "training"],
    ]);
  });

  it("departments of one zone are sites of their own, also of the coordinator's zone", () => {
    const sites = sitesOf([
      aZone("alpha", { templates: { superlink: 20, supernode: {}, gateway: null } }),
      aZone("alpha/hearts", { channel: null, templates: { superlink: null, supernode: { none: 21 }, gateway: null } }),
      aZone("alpha/pictures", {
        channel: null,
        templates: { superlink: null, supernode: { none: 21 }, gateway: null },
      }),
    ]);
    const training = ["alpha/hearts", "alpha/pictures"].map((site) => ({ site, superNodes: "1" }));
    const parsed = parseForm({ ...FORM, training }, sites, NOTHING_TAKEN, NOW);
    assert.deepEqual(parsed.ok ? parsed.request.sites.map(({ site }) => site) : parsed.mistakes, [
      "alpha",
      "alpha/hearts",
      "alpha/pictures",
    ]);
  });

  it("there is at least one training zone, and none twice", () => {
    assert.deepEqual(fieldsOf({ training: [], minimumTrainingSites: "1" }), ["training"]);
    const twice = [
      { site: "beta", superNodes: "2" },
      { site: "beta", superNodes: "3" },
    ];
    assert.match(mistakes({ training: twice })["training"] ?? "", /twice/);
  });

  it("every zone that lacks the framework's template is named", () => {
    const zones = sitesOf([aZone("alpha"), aZone("beta"), aZone("gamma")]);
    const parsed = parseForm({ ...FORM, framework: "sklearn" }, zones, NOTHING_TAKEN, NOW);
    assert.match(parsed.ok ? "" : (parsed.mistakes.training ?? ""), /Beta Institute.*Gamma Institute/);
  });

  it("an unknown framework is told on its own field only", () => {
    const training = [{ site: "delta", superNodes: "2" }];
    assert.deepEqual(fieldsOf({ framework: "jax", training, minimumTrainingSites: "1" }), ["framework"]);
  });

  it("a site has 1 to 10 SuperNodes", () => {
    for (const superNodes of ["0", "11", "1.5", "-1", "two", "", "1e1", "٣"]) {
      const training = [{ site: "beta", superNodes }];
      assert.deepEqual(fieldsOf({ training, minimumTrainingSites: "1" }), ["superNodes:beta"], superNodes);
    }
  });

  it("all sites together have no more SuperNodes than a SuperLink can be told of", () => {
    const many = Array.from({ length: MAX_SUPERNODES / 10 + 1 }, (_, nth) => `zone${nth}`);
    const zones = sitesOf(["alpha", ...many].map((name) => aZone(name, { channel: null })));
    const ask = (names: readonly string[]) => {
      const training = names.map((name) => ({ site: name, superNodes: "10" }));
      return parseForm({ ...FORM, training }, zones, NOTHING_TAKEN, NOW);
    };
    assert.equal(ask(many.slice(1)).ok, true);
    const tooMany = ask(many);
    assert.match((tooMany.ok ? {} : tooMany.mistakes).training ?? "", /can be told of 200 SuperNodes.*Ask for fewer/);
  });

  it("the minimum lies between one and the number of training zones", () => {
    for (const minimumTrainingSites of ["0", "3", "", "all"]) {
      assert.deepEqual(fieldsOf({ minimumTrainingSites }), ["minimumTrainingSites"], minimumTrainingSites);
    }
  });
});

describe("the address that sites dial", () => {
  it("is an IPv4 or IPv6 address or a DNS name", () => {
    for (const host of ["203.0.113.20", "fl.example.org", "fl", "2001:db8::1", "[2001:db8::1]"])
      assert.equal(parse({ host }).ok, true, host);
    for (const host of ["", "203.0.113", "1.2.3.4.5", "-a.org", "a b", "http://a.org", "a.org/x", "a..b"]) {
      assert.deepEqual(fieldsOf({ host }), ["host"], host);
    }
  });

  it("has no port in it", () => {
    for (const host of ["fl.example.org:9092", "203.0.113.20:9092", "[2001:db8::1]:9092"]) {
      assert.match(mistakes({ host })["host"] ?? "", /without port/, host);
    }
  });

  it("of IPv6 is kept in its one form, and is none that stands for IPv4 or holds on one machine only", () => {
    const taken = parse({ host: "[2001:DB8:0:0:0::1]" });
    assert.equal(readableAddress({ host: "2001:db8::1", port: 9092 }), "[2001:db8::1]:9092");
    assert.equal(readableAddress({ host: "fl.example.org", port: 9092 }), "fl.example.org:9092");
    assert.deepEqual(taken.ok && addressWishOf(taken.request.crossing), {
      kind: "given",
      host: "2001:db8::1",
      port: 9092,
    });
    for (const [host, told] of [
      ["::ffff:203.0.113.20", /does not dial those.*203\.0\.113\.20/],
      ["::ffff:cb00:7114", /does not dial those/],
      ["fe80::1%eth0", /one machine only/],
      ["fe80::1", /no other site can reach/],
      ["::1", /no other site can reach/],
      ["::", /no other site can reach/],
      ["ff02::1", /no other site can reach/],
    ] as const) {
      assert.match(mistakes({ host, privateIsReachable: true })["host"] ?? "", told, host);
    }
  });

  it("may be private only if the requester says that the sites reach it", () => {
    for (const host of ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd00::1"]) {
      assert.match(mistakes({ host })["host"] ?? "", /private/, host);
      assert.equal(parse({ host, privateIsReachable: true }).ok, true, host);
    }
  });

  it("must be one that other sites can reach at all, whatever the requester says", () => {
    for (const host of ["0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255"]) {
      assert.match(mistakes({ host, privateIsReachable: true })["host"] ?? "", /no other site can reach/, host);
    }
  });

  it("has a port from 1 to 65535", () => {
    for (const port of ["0", "65536", "", "9092a", "-1"]) assert.deepEqual(fieldsOf({ port }), ["port"], port);
    assert.equal(parse({ port: "443" }).ok, true);
  });

  it("when it is picked, needs no host, and the port is the SuperLink's own", () => {
    const picked = parse({ addressKind: "picked", host: "" });
    assert.deepEqual(picked.ok && picked.request.crossing, {
      kind: "public-address",
      address: { kind: "picked", port: 9092, privateIsReachable: false },
    });
    assert.match(mistakes({ addressKind: "picked", port: "443" })["port"] ?? "", /9092/);
  });
});

describe("WireGuard", () => {
  const tunnel = (changes: Partial<RequestForm>): Partial<RequestForm> => ({
    crossing: "wireguard",
    hub: "198.51.100.7",
    host: "",
    ...changes,
  });
  const crossingOf = (changes: Partial<RequestForm>) => {
    const parsed = parse(tunnel(changes));
    return parsed.ok ? parsed.request.crossing : parsed.mistakes;
  };

  it("needs the hub's public address, has port 51820 unless another is given, and its range is found by itself", () => {
    const hub = { host: "198.51.100.7", port: 51820 };
    assert.deepEqual(crossingOf({}), { kind: "wireguard", hub, range: null });
    assert.deepEqual(crossingOf({ hub: " Hub.Example.org:5000 ", range: " 10.50.0.0/24 " }), {
      kind: "wireguard",
      hub: { host: "hub.example.org", port: 5000 },
      range: "10.50.0.0/24",
    });
  });

  it("may be for some sites only, and the others dial the public address", () => {
    const some = tunnel({ crossing: "both", host: "fl.example.org", range: "10.99.0.0/30", tunnelled: ["beta"] });
    const parsed = parse(some);
    assert.ok(parsed.ok);
    const { crossing, sites } = parsed.request;
    const hub = { host: "198.51.100.7", port: 51820 };
    const address = { kind: "given", host: "fl.example.org", port: 9092 };
    assert.deepEqual(crossing, { kind: "both", address, hub, range: "10.99.0.0/30" });
    assert.deepEqual(
      sites.map((site) => [site.site, site.crossing]),
      [
        ["alpha", undefined],
        ["beta", "wireguard"],
        ["gamma", "public-address"],
      ],
    );
    assert.deepEqual(fieldsOf({ ...some, tunnelled: ["beta", "gamma"] }), ["range"]);
    assert.deepEqual(fieldsOf({ ...some, tunnelled: ["alpha"] }), ["tunnelled"]);
    assert.deepEqual(fieldsOf({ ...some, hub: "", host: "" }), ["host", "hub"]);
  });

  it("says on the field what is wrong with the hub", () => {
    for (const [hub, told] of [
      ["", /Give an IPv4 address/],
      ["10.0.0.5", /private address/],
      ["100.64.0.5:51820", /private address/],
      ["127.0.0.1", /no other site can reach/],
      ["0.0.0.0", /no other site can reach/],
      ["224.0.0.1", /no other site can reach/],
      ["2001:db8::7", /dialled over IPv4/],
      ["[2001:db8::7]:51820", /dialled over IPv4/],
      ["198.51.100.7:0", /port from 1 to 65535/],
      ["198.51.100.7:65536", /port from 1 to 65535/],
      ["198.51.100.7:", /port from 1 to 65535/],
      ["203.0.113.9", /Another federation/],
    ] as const) {
      assert.match(mistakes(tunnel({ hub }))["hub"] ?? "", told, hub);
    }
    assert.deepEqual(fieldsOf(tunnel({ hub: "10.0.0.5", privateIsReachable: true })), []);
    assert.deepEqual(fieldsOf(tunnel({ hub: "203.0.113.9:51821" })), []);
  });

  it("says on the field what is wrong with the range", () => {
    for (const [range, told] of [
      ["10.99.0.0", /prefix length/],
      ["10.99.0/24", /prefix length/],
      ["10.99.0.0/0", /from 16 to 30/],
      ["10.99.0.0/31", /from 16 to 30/],
      ["10.99.0.4/24", /begins at 10\.99\.0\.0/],
      ["203.0.113.0/24", /within 10\.0\.0\.0/],
      ["169.254.0.0/24", /within 10\.0\.0\.0/],
      ["127.0.0.0/16", /within 10\.0\.0\.0/],
      ["224.0.0.0/24", /within 10\.0\.0\.0/],
      ["172.17.4.0/24", /Docker/],
      ["172.16.0.0/16", null],
      ["10.99.0.0/28", /8 pairs of addresses, and these sites need 12/],
    ] as const) {
      const said = mistakes(tunnel({ range }))["range"];
      if (told === null) assert.equal(said, undefined);
      else assert.match(said ?? "", told, range);
    }
  });
});

describe("Flower", () => {
  it("is 1.29 to 1.34, in three plain numbers", () => {
    for (const minor of [FLOWER.oldest, FLOWER.newest]) {
      assert.equal(parse({ flowerVersion: `1.${minor}.2` }).ok, true);
    }
    for (const [flowerVersion, told] of [
      ["1.28.0", /read its node's key/],
      ["1.35.0", /interfaces differ/],
      ["2.0.0", /such as/],
      ["1.31", /such as/],
      ["v1.31.0", /such as/],
      ["1.031.0", /such as/],
      ["1.31.0rc1", /such as/],
      ["", /such as/],
    ] as const) {
      assert.match(mistakes({ flowerVersion })["flowerVersion"] ?? "", told, flowerVersion);
    }
  });

  it("pings no more often than the server allows", () => {
    for (const keepaliveTime of ["29", "0", "3601", "", "x"]) {
      assert.deepEqual(fieldsOf({ keepaliveTime }), ["keepaliveTime"], keepaliveTime);
    }
    assert.equal(parse({ keepaliveTime: "30" }).ok, true);
  });

  it("waits for an answer for less than the time between pings", () => {
    for (const keepaliveTimeout of ["60", "61", "0", ""]) {
      assert.deepEqual(fieldsOf({ keepaliveTimeout }), ["keepaliveTimeout"], keepaliveTimeout);
    }
    assert.equal(parse({ keepaliveTimeout: "59" }).ok, true);
  });
});

describe("hostile input", () => {
  it("is refused or becomes values that may enter CONTEXT, and never throws", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("$(reboot)", "`id`", '"', "\u0000", "1.31.0\n"),
    );
    const form = fc.record<RequestForm>({
      name: text,
      coordinator: fc.oneof(text, fc.constant("alpha")),
      training: fc.array(fc.record({ site: fc.oneof(text, fc.constant("beta")), superNodes: text }), { maxLength: 3 }),
      crossing: fc.constantFrom("public-address", "wireguard", "both"),
      tunnelled: fc.array(fc.oneof(text, fc.constant("beta")), { maxLength: 2 }),
      addressKind: fc.constantFrom("given", "picked"),
      host: fc.oneof(text, fc.domain()),
      port: fc.oneof(text, fc.constant("9092")),
      hub: fc.oneof(text, fc.domain()),
      range: fc.oneof(text, fc.constant("10.99.0.0/23")),
      privateIsReachable: fc.boolean(),
      framework: fc.oneof(text, fc.constant("none")),
      flowerVersion: fc.oneof(text, fc.constant("1.31.0")),
      keepaliveTime: text,
      keepaliveTimeout: text,
      minimumTrainingSites: text,
      purpose: text,
      issuer: fc.constantFrom("florist", "organisation"),
      until: text,
    });
    fc.assert(
      fc.property(form, (hostile) => {
        parseForm(hostile, ZONES, NOTHING_TAKEN, NOW);
        const one = parse({ host: hostile.host, flowerVersion: hostile.flowerVersion });
        if (!one.ok) return;
        const { crossing, settings } = one.request;
        assert.ok(crossing.kind === "public-address" && crossing.address.kind === "given");
        assert.ok(isContextValue(crossing.address.host) && isContextValue(settings.flowerVersion));
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { REASONS, type ReasonCode } from "../../../src/federation/model/reasons.ts";
import {
  type Absent,
  type Headroom,
  type ImageFacts,
  type VmTemplateFacts,
  ZoneError,
  type ZoneErrorCode,
  type ZoneSurvey,
} from "../../../src/federation/model/zone-facts.ts";
import { NO_CREDIT } from "../../../src/federation/proposing/headroom.ts";
import { choiceFor } from "../../../src/federation/proposing/plan-making.ts";
import { type Choice, chooseFor, isTransient, judge, zoneReason } from "../../../src/federation/proposing/preflight.ts";
import { proposeSites } from "../../../src/federation/proposing/proposal.ts";
import { SETTINGS } from "../../builders/chronicle.ts";
import { adjust, checkAgain } from "../../builders/commands.ts";
import { aZone, ownerOf, STRANGER, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aDataImage, aHeadroom, aNetwork, aSurvey, aTemplate } from "../../builders/survey.ts";

const TWO: Choice = { template: "Flower SuperNode", network: "public", vms: 2, nodeConfig: {}, tunnelWay: "own" };
const absent = (because: Absent["because"]) => ({ found: false, because, asked: "it" }) as const;

const anImage = (changes: Partial<ImageFacts> = {}): ImageFacts => ({
  id: 7,
  name: "disk",
  registeredAt: 1,
  persistent: false,
  state: "used",
  size: 1,
  ...changes,
});

const problemsOf = (survey: ZoneSurvey, choice: Choice = TWO): readonly (readonly [ReasonCode, string])[] => {
  const judged = judge(survey, choice);
  return "template" in judged ? [] : judged.map(({ code, detail }) => [code, detail]);
};

describe("the preflight", () => {
  it("finds nothing wrong with a zone that has all that is asked", () => {
    assert.deepEqual(problemsOf(aSurvey()), []);
  });

  const cases: readonly (readonly [string, Partial<ZoneSurvey>, ReasonCode, string])[] = [
    ["an OpenNebula before 7.0", { version: "6.10.4" }, "zone-version", "6.10.4"],
    ["a version that is none", { version: "nightly" }, "zone-version", "nightly"],
    [
      "an administrator's account",
      { account: { id: 0, name: "oneadmin", administrator: true } },
      "zone-administrator",
      "oneadmin",
    ],
    ["a missing template", { template: absent("missing") }, "template-missing", "it"],
    ["a template it may not use", { template: absent("forbidden") }, "template-forbidden", "it"],
    ["a template name that several have", { template: absent("ambiguous") }, "template-ambiguous", "it"],
    ["a missing network", { network: absent("missing") }, "network-missing", "it"],
    ["a network it may not use", { network: absent("forbidden") }, "network-forbidden", "it"],
    ["a network name that several have", { network: absent("ambiguous") }, "network-ambiguous", "it"],
    ["a missing image", { template: aTemplate({ images: [absent("missing")] }) }, "image-missing", "it"],
    ["an image it may not use", { template: aTemplate({ images: [absent("forbidden")] }) }, "image-forbidden", "it"],
    [
      "a network with one free address for two VMs",
      { network: aNetwork({ ranges: [{ first: "203.0.113.1", last: "203.0.113.2" }], leased: ["203.0.113.1"] }) },
      "no-free-address",
      "public",
    ],
    [
      "a quota that leaves one VM",
      { headroom: aHeadroom({ vms: 1, cpu: null, memory: null, leases: null }) },
      "quota-vms",
      "2 needed, 1 left",
    ],
    [
      "a quota that leaves too little CPU",
      { headroom: aHeadroom({ vms: null, cpu: 3.5, memory: null, leases: null }) },
      "quota-cpu",
      "4 needed, 3.5 left",
    ],
    [
      "a quota that leaves too little memory",
      { headroom: aHeadroom({ vms: null, cpu: null, memory: 8191, leases: null }) },
      "quota-memory",
      "8192 needed, 8191 left",
    ],
    [
      "a quota that leaves one address",
      { headroom: aHeadroom({ vms: null, cpu: null, memory: null, leases: 1 }) },
      "quota-leases",
      "2 needed, 1 left",
    ],
  ];
  const refusedAtInstantiate: typeof cases = [
    [
      "a persistent image that two VMs would share",
      { template: aTemplate({ images: [anImage({ persistent: true, state: "ready" })] }) },
      "image-persistent",
      "disk",
    ],
    [
      "an image that is named without its owner, and is not the bot's own",
      { template: aTemplate({ images: [absent("foreign")] }) },
      "image-foreign",
      "it",
    ],
    [
      "an alias of the card that is replaced",
      { template: aTemplate({ hasNicAlias: true }) },
      "template-nic-alias",
      "Flower SuperNode",
    ],
    [
      "VMs that would be created on hold",
      { template: aTemplate({ startsOnHold: true }) },
      "template-on-hold",
      "Flower SuperNode",
    ],
    ["a zone that creates every VM on hold", { rules: { restricted: [], startsOnHold: true } }, "zone-holds-vms", ""],
    [
      "attributes that the bot's account may not set",
      { rules: { restricted: ["NIC/IP", "NIC/MAC", "CONTEXT/START_SCRIPT_BASE64"], startsOnHold: false } },
      "attribute-restricted",
      "NIC/IP CONTEXT/START_SCRIPT_BASE64",
    ],
    ["a disabled zone", { disabled: true }, "zone-disabled", ""],
    [
      "a network that hands out no IPv4 address",
      { network: aNetwork({ ranges: [], leased: [] }) },
      "network-without-ipv4",
      "public",
    ],
    [
      "system disks beyond the quota",
      { headroom: aHeadroom({ systemDisk: 20_479 }) },
      "quota-disk",
      "20480 needed, 20479 left",
    ],
    [
      "disks beyond the quota of the datastore that they are cloned in",
      {
        template: aTemplate({ disks: [{ size: 300, datastore: 5 }] }),
        headroom: aHeadroom({ systemDisk: 0, datastores: new Map([[5, 500]]) }),
      },
      "quota-datastore",
      "datastore 5: 600 needed, 500 left",
    ],
    [
      "more VMs than may use the image",
      { headroom: aHeadroom({ imageVms: new Map([[7, 1]]) }) },
      "quota-image",
      "image 7: 2 needed, 1 left",
    ],
  ];
  for (const [what, changes, code, detail] of [...cases, ...refusedAtInstantiate]) {
    it(`tells of ${what}`, () => {
      assert.deepEqual(problemsOf(aSurvey(changes)), [[code, detail]]);
    });
  }

  it("takes an image that is ready or in use, and no other", () => {
    for (const state of ["ready", "used", "disabled", "locked", "error", "other"] as const) {
      const template = aTemplate({
        images: [{ id: 7, name: "disk", registeredAt: 1, size: 1, persistent: false, state }],
      });
      const expected = state === "ready" || state === "used" ? [] : [["image-not-ready", "disk"]];
      assert.deepEqual(problemsOf(aSurvey({ template })), expected, state);
    }
  });

  it("lets one VM have a persistent image, unless another has it", () => {
    const one: Choice = { ...TWO, vms: 1 };
    const having = (state: "ready" | "used") =>
      aSurvey({ template: aTemplate({ images: [anImage({ persistent: true, state })] }) });
    assert.deepEqual(problemsOf(having("ready"), one), []);
    assert.deepEqual(problemsOf(having("used"), one), [["image-in-use", "disk"]]);
    const replaced = { ...NO_CREDIT, vms: 1 };
    assert.equal("template" in judge(having("used"), one, replaced), true);
  });

  it("attaches data that each VM can have, and says what keeps them from it", () => {
    const asked: Choice = { ...TWO, dataImage: 12, data: { kind: "disk", image: 12 } };
    const told = (data: ZoneSurvey["data"], choice = asked) => problemsOf(aSurvey({ data }), choice);
    const persistent = (state: "ready" | "used", isShared = false) => aDataImage({ persistent: true, state, isShared });
    const named = "Scans (12)";
    assert.deepEqual(told(aDataImage()), []);
    assert.deepEqual(told(aDataImage({ state: "used" })), []);
    assert.deepEqual(told(persistent("used", true)), []);
    assert.deepEqual(told(absent("missing")), [["data-image-missing", "it"]]);
    assert.deepEqual(told(absent("forbidden")), [["data-image-forbidden", "it"]]);
    assert.deepEqual(told(aDataImage({ isDisk: false })), [["data-image-type", named]]);
    for (const state of ["disabled", "locked", "error", "other"] as const) {
      assert.deepEqual(told(aDataImage({ state })), [["data-image-not-ready", named]]);
    }
    assert.deepEqual(told(persistent("ready")), [["data-image-persistent", named]]);
    const one: Choice = { ...asked, vms: 1 };
    assert.deepEqual(told(persistent("ready"), one), []);
    assert.deepEqual(told(persistent("used"), one), [["data-image-in-use", named]]);
    assert.equal("template" in judge(aSurvey({ data: persistent("used") }), one, { ...NO_CREDIT, vms: 1 }), true);
  });

  it("counts the data's disk with those of the template, unless it is the image itself", () => {
    const asked: Choice = { ...TWO, vms: 1, dataImage: 12, data: { kind: "disk", image: 12 } };
    const left = (changes: Parameters<typeof aHeadroom>[0], persistent: boolean) =>
      problemsOf(aSurvey({ data: aDataImage({ persistent }), headroom: aHeadroom(changes) }), asked);
    assert.deepEqual(left({ systemDisk: 10_339 }, false), [["quota-disk", "10340 needed, 10339 left"]]);
    assert.deepEqual(left({ systemDisk: 10_240 }, true), []);
    assert.deepEqual(left({ imageVms: new Map([[12, 0]]) }, true), [["quota-image", "image 12: 1 needed, 0 left"]]);
  });

  it("minds what the template's own disks say only where they are written anew with the data's", () => {
    const rules = { restricted: ["DISK/IMAGE", "DISK/TOTAL_BYTES_SEC"], startsOnHold: false };
    assert.deepEqual(problemsOf(aSurvey({ rules })), []);
    const asked: Choice = { ...TWO, dataImage: 12, data: { kind: "disk", image: 12 } };
    const told = problemsOf(aSurvey({ rules, data: aDataImage() }), asked);
    assert.deepEqual(told, [["attribute-restricted", "DISK/IMAGE"]]);
  });

  it("does not mind attributes that the zone keeps to itself and no VM needs", () => {
    const restricted = ["NIC/MAC", "NIC/VLAN_ID", "NIC_ALIAS/MAC", "CONTEXT/FILES", "PCI", "USER_INPUTS/CPU"];
    assert.deepEqual(problemsOf(aSurvey({ rules: { restricted, startsOnHold: false } })), []);
    assert.deepEqual(problemsOf(aSurvey({ rules: null })), []);
  });

  it("minds what the VM template says in CONTEXT where it is written anew, as no service holds the VMs", () => {
    const survey = aSurvey({
      template: aTemplate({ contextNames: ["FILES", "TOKEN"] }),
      rules: { restricted: ["CONTEXT/FILES"], startsOnHold: false },
    });
    assert.deepEqual(problemsOf(survey), []);
    assert.deepEqual(problemsOf(survey, { ...TWO, deploy: "vms" }), [["attribute-restricted", "CONTEXT/FILES"]]);
  });

  it("counts an address for each PCI card in the same network", () => {
    const template = aTemplate({ pciNics: ["public", "storage"] });
    const having = (leases: number) => problemsOf(aSurvey({ template, headroom: aHeadroom({ leases }) }));
    assert.deepEqual(having(3), [["quota-leases", "4 needed, 3 left"]]);
    assert.deepEqual(having(4), []);
  });

  it("counts the disks of what would be replaced as free", () => {
    const headroom = aHeadroom({ systemDisk: 0, imageVms: new Map([[7, 0]]) });
    const replaced = { ...NO_CREDIT, vms: 2 };
    assert.equal("template" in judge(aSurvey({ headroom }), TWO, replaced), true);
  });

  it("a quota that leaves exactly enough is enough", () => {
    assert.deepEqual(problemsOf(aSurvey({ headroom: aHeadroom({ vms: 2, cpu: 4, memory: 8192, leases: 2 }) })), []);
  });

  it("counts what would be replaced as free", () => {
    const survey = aSurvey({
      network: aNetwork({ ranges: [{ first: "203.0.113.1", last: "203.0.113.2" }], leased: ["203.0.113.1"] }),
      headroom: aHeadroom({ vms: 1, cpu: 2, memory: 4096, leases: 1 }),
    });
    const replaced = { vms: 1, gateways: 0, cpu: 2, memory: 4096, addresses: ["203.0.113.1"] };
    assert.notEqual("template" in judge(survey, TWO), true);
    assert.equal("template" in judge(survey, TWO, replaced), true);
  });

  it("tells everything at once", () => {
    const survey = aSurvey({
      version: "6.8.0",
      account: { id: 0, name: "oneadmin", administrator: true },
      template: aTemplate({ images: [absent("missing")] }),
      network: absent("forbidden"),
      headroom: aHeadroom({ vms: 0, cpu: 0, memory: 0, leases: 0 }),
    });
    assert.deepEqual(
      problemsOf(survey).map(([code]) => code),
      [
        "zone-version",
        "zone-administrator",
        "network-forbidden",
        "image-missing",
        "quota-vms",
        "quota-cpu",
        "quota-memory",
        "quota-leases",
      ],
    );
  });

  it("gives a remedy for each problem, and the import command for what the marketplace has", () => {
    for (const [code, sentence] of Object.entries(REASONS)) assert.match(sentence, /^[A-Z].*\.$/, code);
    assert.match(REASONS["template-missing"], /onemarketapp export/);
    assert.match(REASONS["image-missing"], /onemarketapp export/);
  });
});

describe("a call that did not work", () => {
  it("has a reason that people understand, and the zone's own words as detail", () => {
    const told: Readonly<Record<ZoneErrorCode, RegExp>> = {
      unreachable: /could not be reached/,
      timeout: /did not answer in time/,
      tls: /certificate/,
      authentication: /refused the bot's user or password/,
      forbidden: /Grant its group the rights/,
      quota: /quota leaves too few/,
      "no-such-object": /reported an error/,
      "wrong-state": /reported an error/,
      invalid: /reported an error/,
      "zone-disabled": /is disabled/,
      "too-large": /Check the endpoints/,
      rubbish: /Check the endpoints/,
      unreadable: /Check the endpoints/,
      internal: /reported an error/,
    };
    for (const code of Object.keys(told) as ZoneErrorCode[]) {
      const reason = zoneReason(new ZoneError(code, "as it said"));
      assert.match(REASONS[reason.code], told[code]);
      assert.equal(reason.detail, "as it said");
    }
  });

  it("is tried again by itself only when it may pass by itself", () => {
    const passing = (Object.keys(REASONS) as ReasonCode[]).filter((code) => isTransient({ code, detail: "" }));
    assert.deepEqual(passing.toSorted(), ["zone-answer", "zone-disabled", "zone-timeout", "zone-unreachable"]);
  });
});

describe("what is looked for in a zone", () => {
  const coordinator = { site: zone("beta"), role: "coordinator", superNodes: 0 } as const;
  const training = { site: zone("beta"), role: "training", superNodes: 3 } as const;

  it("is the template of the role and framework, the zone's network and as many VMs as SuperNodes", () => {
    const beta = aZone("beta");
    assert.deepEqual(chooseFor(beta, training, { ...SETTINGS, framework: "pytorch" }, {}), {
      template: 31,
      network: "public",
      vms: 3,
      nodeConfig: { "data-path": "/data" },
      tunnelWay: "own",
    });
    assert.deepEqual(chooseFor(beta, coordinator, SETTINGS, {}), {
      template: "Flower SuperLink",
      network: "public",
      vms: 1,
      nodeConfig: { "data-path": "/data" },
      tunnelWay: "own",
    });
  });

  it("is what its owner chose instead", () => {
    const data = { kind: "folder", path: "/srv" } as const;
    const adjustment = { template: "Flower SuperNode large", network: "research", superNodes: 1, data };
    assert.deepEqual(chooseFor(aZone("beta"), training, SETTINGS, adjustment), {
      template: "Flower SuperNode large",
      network: "research",
      vms: 1,
      nodeConfig: { "data-path": "/mnt/data" },
      data,
      tunnelWay: "own",
    });
  });

  it("is nothing in a zone that does not offer it", () => {
    const bare = aZone("beta", { templates: { superlink: null, supernode: {}, gateway: null } });
    assert.deepEqual(chooseFor(bare, coordinator, SETTINGS, {}), { code: "coordinator-not-offered", detail: "beta" });
    assert.deepEqual(chooseFor(bare, training, SETTINGS, {}), { code: "framework-not-offered", detail: "none" });
  });

  it("is nothing while a value could be read by a shell in the VM", () => {
    for (const nodeConfig of [{ path: "/data;id" }, { "$(id)": "x" }, { path: "é" }]) {
      const outcome = chooseFor(aZone("beta", { nodeConfig }), training, SETTINGS, {});
      assert.equal("code" in outcome && outcome.code, "value-not-allowed");
    }
    const outcome = chooseFor(aZone("beta", { sshKeys: ["ssh-rsa AAAA `id`"] }), coordinator, SETTINGS, {});
    assert.equal("code" in outcome && outcome.code, "value-not-allowed");
  });

  it("is nothing in a zone that has left the zones file", () => {
    const story = aFederation().inContext({ sites: sitesOf([aZone("alpha")]) });
    const outcome = choiceFor(story.federation, story.site("beta"), story.context);
    assert.equal("code" in outcome && outcome.code, "zone-left-file");
  });
});

const problems = (story: Story): readonly (readonly [string, string])[] =>
  [...story.federation.sites.values()].flatMap(({ name, problems: all }) =>
    all.map(({ code }) => [name, code] as const),
  );

describe("sites of one federation in one zone", () => {
  const DEPARTMENTS = ["beta/hearts", "beta/pictures"];
  const together = () =>
    aFederation({
      zones: ["alpha", ...DEPARTMENTS],
      context: { sites: sitesOf(["alpha", "beta", ...DEPARTMENTS].map((name) => aZone(name))) },
    });

  it("are added up: what each of them fits into is told of all when they do not fit together", () => {
    const story = together();
    for (const site of DEPARTMENTS) story.shows(site, (usual) => ({ ...usual, headroom: aHeadroom({ vms: 3 }) }));
    story.planned();
    assert.deepEqual(problems(story), [
      ["beta/hearts", "quota-vms"],
      ["beta/pictures", "quota-vms"],
    ]);
    const detail = story.site("beta/hearts").problems[0]?.detail;
    assert.equal(detail, "4 needed by the zone's sites together, 3 left");
  });

  it("fit when there is enough for all of them, and need as many free addresses", () => {
    const addresses = (last: string) => {
      const story = together();
      const network = aNetwork({ ranges: [{ first: "10.0.0.1", last }], leased: [] });
      for (const site of DEPARTMENTS) story.shows(site, (usual) => ({ ...usual, network }));
      return problems(story.planned()).map(([, code]) => code);
    };
    assert.deepEqual(addresses("10.0.0.4"), []);
    assert.deepEqual(addresses("10.0.0.3"), ["no-free-address", "no-free-address"]);
  });

  describe("that were approved and wait for their turn", () => {
    const DISK = 10_240;
    /** One begins; its neighbour is not created yet. Each has two VMs. */
    const begun = (disks: VmTemplateFacts["disks"], headroom: Partial<Headroom>) => {
      const story = together();
      const template = aTemplate({ disks });
      for (const site of DEPARTMENTS) story.shows(site, (usual) => ({ ...usual, template }));
      story.planned().approved();
      story.shows("beta/hearts", (usual) => ({ ...usual, template, headroom: aHeadroom(headroom) }));
      const { problems: found } = story.begins("beta/hearts").site("beta/hearts");
      return found.map(({ code, detail }) => `${code} ${detail}`);
    };

    it("are kept room for their disks by one that begins before them", () => {
      const disks = [{ size: DISK, datastore: "system" }] as const;
      assert.deepEqual(begun(disks, { systemDisk: 3 * DISK }), [
        "quota-disk 40960 needed by the zone's sites together, 30720 left",
      ]);
      assert.deepEqual(begun(disks, { systemDisk: 4 * DISK }), []);
    });

    it("and for what they take of a datastore of its own", () => {
      const disks = [{ size: DISK, datastore: 100 }] as const;
      assert.deepEqual(begun(disks, { datastores: new Map([[100, 3 * DISK]]) }), [
        "quota-datastore datastore 100: 40960 needed by the zone's sites together, 30720 left",
      ]);
      assert.deepEqual(begun(disks, { datastores: new Map([[100, 4 * DISK]]) }), []);
    });
  });

  it("do not both attach a persistent image that one VM can have", () => {
    const story = together().planned().approved();
    const data = aDataImage({ persistent: true });
    const choosing = { superNodes: 1, data: { kind: "disk", image: data.id } } as const;
    for (const site of DEPARTMENTS) story.shows(site, (usual) => ({ ...usual, data }));
    story.does(adjust("beta/hearts", choosing, ownerOf("beta/hearts")));
    const outcome = story.decides(adjust("beta/pictures", choosing, ownerOf("beta/pictures")));
    assert.deepEqual("problems" in outcome ? outcome.problems.map(({ code }) => code) : outcome, [
      "data-image-persistent",
    ]);
  });
});

describe("before anybody is asked", () => {
  it("the problems of every zone are told together, and no plan is made", () => {
    const story = aFederation()
      .shows("alpha", (usual) => ({ ...usual, template: absent("missing") }))
      .shows("beta", (usual) => ({ ...usual, version: "6.10.0" }))
      .hides("gamma", { code: "zone-credentials", detail: "[one.user.info] User couldn't be authenticated" })
      .planned();
    assert.deepEqual(problems(story), [
      ["alpha", "template-missing"],
      ["beta", "zone-version"],
      ["gamma", "zone-credentials"],
    ]);
    assert.deepEqual(
      [...story.federation.sites.values()].map(({ approvalState }) => approvalState),
      ["planning", "planning", "planning"],
    );
  });

  it("a problem that is known already is not told again, and what is mended disappears", () => {
    const story = aFederation().hides("beta", { code: "zone-unreachable", detail: "ECONNREFUSED" }).planned();
    assert.deepEqual(proposeSites(story.federation, story.surveys(), story.context), { ok: true, events: [] });
    story.shows("beta", (usual) => usual).planned();
    assert.deepEqual(problems(story), []);
    assert.equal(story.site("beta").approvalState, "pending");
  });

  it("only the requester and the owners of the zones concerned have them looked at again", () => {
    const story = aFederation()
      .shows("beta", (usual) => ({ ...usual, version: "6.10.0" }))
      .planned();
    for (const person of [STRANGER, ownerOf("gamma")]) {
      assert.equal(story.refusalOf(checkAgain(person)), "not-the-requester");
    }
    assert.equal(story.refusalOf(checkAgain(ownerOf("beta"))), null);
    assert.equal(story.does(checkAgain()).refusalOf(checkAgain()), "preflight-running");
  });

  it("a picked address that is private is refused unless the requester says that sites reach it", () => {
    const inside = aNetwork({ ranges: [{ first: "10.0.0.5", last: "10.0.0.9" }], leased: [] });
    const ask = (privateIsReachable: boolean) =>
      aFederation({ address: { kind: "picked", port: 9092, privateIsReachable } })
        .shows("alpha", (usual) => ({ ...usual, network: inside }))
        .planned();
    assert.deepEqual(problems(ask(false)), [["alpha", "address-private"]]);
    assert.match(ask(true).federation.endpoint?.host ?? "", /^10\.0\.0\.[5-9]$/);
  });

  it("an address given in the coordinator's network must be free there, and is asked for on its NIC", () => {
    const given = (host: string) => aFederation({ address: { kind: "given", host, port: 443 } }).planned();
    assert.deepEqual(given("203.0.113.21").site("alpha").problems, [
      { code: "address-in-use", detail: "203.0.113.21" },
    ]);
    assert.equal(given("203.0.113.22").proposal("alpha").plan.parts[0]?.nics[0]?.address, "203.0.113.22");
    const elsewhere = given("fl.example.org");
    assert.equal(elsewhere.proposal("alpha").plan.parts[0]?.nics[0]?.address, null);
    assert.deepEqual(elsewhere.proposal("beta").plan.endpoint, { host: "fl.example.org", port: 443 });
  });

  it("an address is not one that another open plan has taken", () => {
    const free = aFederation().planned().federation.address ?? "";
    const takenAddresses = new Map([[zone("alpha"), new Set([free])]]);
    assert.notEqual(aFederation({ context: { takenAddresses } }).planned().federation.address, free);
    const given = aFederation({ address: { kind: "given", host: free, port: 9092 }, context: { takenAddresses } });
    assert.deepEqual(problems(given.planned()), [["alpha", "address-in-use"]]);
  });
});

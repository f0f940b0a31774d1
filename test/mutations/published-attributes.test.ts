/** Thousands of mutated values of everything that a guest may publish, seeded, in a federation that runs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concludeTeardown } from "../../src/federation/deciding/teardown.ts";
import { hubKey } from "../../src/federation/model/hub.ts";
import { UNREADABLE_VALUE } from "../../src/federation/model/zone-facts.ts";
import { UNREADABLE_KEY } from "../../src/federation/observing/vm-observation.ts";
import type { Task } from "../../src/federation/running/due-tasks.ts";
import { MAX_VALUE_BYTES } from "../../src/guest-protocol/alphabets.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { LINKS, NODE_STATUSES, PUBLISHED, REASONS, STAGES } from "../../src/guest-protocol/names.ts";
import { parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { encodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { encodeTunnelLinks } from "../../src/guest-protocol/tunnel.ts";
import { AUTHORITY } from "../builders/chronicle.ts";
import { agreeTeardown, askTeardown } from "../builders/commands.ts";
import { DAY, SECOND, zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { aNodeKey } from "../builders/node-key.ts";
import { aTunnelKey } from "../builders/tunnel-key.ts";
import { Dice, inputs, mutatedText, ODD_TEXTS, SEED } from "./mutation.ts";

/** Sets of attributes, one for each VM in each look: so many by a SuperLink, and as many by two SuperNodes. */
const SETS = inputs(0.35);
const APART = 15 * SECOND;
/** What the VMs of one site may add to the journal in a day, whatever they publish. */
const MOST_EVENTS_A_DAY = 400;
const MOST_BYTES_A_DAY = 100_000;

const PASSWORD = "orchard-lantern-42";
const PIECES = [
  ...ODD_TEXTS,
  PASSWORD,
  ":",
  ",",
  ";",
  "=",
  "|",
  "ssh-ed25519 AAAA",
  "SHA256:",
  "-----BEGIN CERTIFICATE-----",
];

/** The hub's, which every SuperNode knows, and some that the guest made. */
const tunnelKeys = ({ federation }: Story): readonly string[] => [
  hubKey(federation) ?? aTunnelKey("no hub"),
  ...Array.from({ length: 9 }, (_, nth) => aTunnelKey(`fresh ${nth}`)),
];

type Published = keyof typeof PUBLISHED;

/** What a guest that means well may say. */
function right(dice: Dice, story: Story): Readonly<Record<Published, string>> {
  const keys = [...story.federation.keys.keys()];
  const nodes = keys.map((key, nth) => ({ key, nodeId: String(nth), status: dice.of(NODE_STATUSES) }));
  // Its own, another's, or one of a few that it made.
  const ends = tunnelKeys(story);
  const lines = [...story.federation.keys.values()].map(({ publicKey }) => publicKey);
  return {
    stage: dice.of(STAGES),
    reason: dice.of(REASONS),
    heartbeat: String(dice.below(1_000_000)),
    certificateRequest: `request ${dice.below(20)}`,
    endpoint: "203.0.113.20:9092",
    caCertificate: encodePem([AUTHORITY.certificate]),
    fingerprint: AUTHORITY.fingerprint,
    version: dice.of(["1.31.0", "1.30.0", "2.0.0"]),
    flowerReady: dice.of(["YES", "NO"]),
    ready: dice.of(["YES", "NO"]),
    nodes: encodeNodeList(nodes),
    nodeKey: dice.of([...lines, aNodeKey(`fresh ${dice.below(9)}`).line]),
    nodeProof: `proof ${dice.below(9)}`,
    link: dice.of(LINKS),
    tunnelKey: dice.of(ends),
    nextTunnelKey: dice.of(ends),
    tunnelLinks: encodeTunnelLinks({
      peers: [
        {
          key: dice.of(ends),
          age: dice.below(300),
          rx: 1480,
          tx: 1480,
          endpoint: "203.0.113.20:51820",
          allowed: ["10.99.0.0/32"],
          moves: dice.below(9),
        },
      ],
      knocks: [{ from: "203.0.113.21", count: dice.below(9) }],
      strays: [{ from: "10.99.0.3", count: dice.below(99) }],
      forged: dice.below(99),
    }),
  };
}

/** As it would come from the zone: some attributes of the protocol, most of them odd. */
function published(dice: Dice, story: Story): Record<string, string> {
  const said: Record<string, string> = {};
  for (const [name, value] of Object.entries(right(dice, story))) {
    const ways = [() => value, () => dice.of(PIECES), () => mutatedText(dice, value, PIECES)];
    const text = dice.of(ways)();
    const attribute = Object.entries(PUBLISHED).find(([known]) => known === name)?.[1];
    if (attribute === undefined || dice.below(3) === 0) continue;
    said[attribute] = text.length > MAX_VALUE_BYTES ? UNREADABLE_VALUE : text;
  }
  return said;
}

/** What may be due because of what guests say. Nothing is begun, made or ended for their words alone. */
const FOR_GUESTS: ReadonlySet<Task["kind"]> = new Set([
  "judge-key",
  "deliver-admissions",
  "tell-admitted",
  "certify",
  "deliver-certificate",
  "judge-tunnel-key",
  "tell-tunnel-peers",
]);

/** What the VM claims by its newest words; a proof is good for keys that the guest made itself. */
function judges(story: Story, name: string, vmId: number): void {
  const nth = story.vms(name).findIndex((vm) => vm.vmId === vmId);
  const parsed = parseNodeKey(story.vmFacts(name, nth).attributes[PUBLISHED.nodeKey] ?? "");
  const { fingerprint, line } = parsed.ok ? parsed.value : { fingerprint: UNREADABLE_KEY, line: null };
  const known = story.federation.keys.get(fingerprint);
  const proven = parsed.ok && (known === undefined || known.vmId === vmId);
  story.judges({ site: zone(name), vmId, key: fingerprint, publicKey: line, proven });
}

/** The bot does what is due. */
function answers(story: Story, name: string): void {
  for (const task of story.tasks()) {
    assert.ok(FOR_GUESTS.has(task.kind), `${task.kind} is due`);
    if (task.kind === "judge-key") judges(story, name, task.vmId);
    if (task.kind === "deliver-admissions") story.tellsSuperLink();
    if (task.kind === "tell-admitted") story.tellsSuperNodes(task.site);
    if (task.kind === "certify") story.issues(100 + story.recorded.length);
  }
  story.tunnels();
}

function ends(story: Story): void {
  const concludes = (): Story => story.takes(concludeTeardown(story.federation, story.context));
  story.does(askTeardown());
  for (const name of ["beta", "gamma", "alpha"]) story.does(agreeTeardown(name)).removes(name);
  concludes().removes("alpha");
  concludes();
  assert.equal(story.federation.ended?.cause, "torn-down");
  assert.deepEqual(story.due(), ["destroy-authority"]);
}

const TUNNELLED = {
  crossing: { kind: "wireguard", hub: { host: "198.51.100.7", port: 51_820 }, range: null },
} as const;

describe("a running federation in which guests publish mutated values", () => {
  for (const [whose, name, asked] of [
    ["the SuperLink", "alpha", {}],
    ["a site's SuperNodes", "gamma", {}],
    ["the SuperLink at the hub of tunnels", "alpha", TUNNELLED],
    ["a site's SuperNodes at their ends of tunnels", "gamma", TUNNELLED],
  ] as const) {
    it(`${SETS} times by ${whose} grows its journal little, gives no other site's key away, begins and ends nothing, and is torn down`, () => {
      const dice = new Dice();
      const story = aFederation(asked).running();
      const others = ["beta", "gamma"].filter((other) => other !== name);
      const { length } = story.recorded;
      const began = story.elapsed;
      const vms = story.vms(name).length;
      for (let look = 0; look < SETS / vms; look += 1) {
        for (let nth = 0; nth < vms; nth += 1) story.says(name, published(dice, story), nth);
        try {
          story.passes(APART - SECOND).observes(name);
          answers(story, name);
        } catch (cause) {
          throw new Error(`in look ${look} of seed ${SEED}: ${cause}`, { cause });
        }
      }
      const told = story.recorded.slice(length);
      const written = JSON.stringify(told);
      const days = Math.ceil((story.elapsed - began) / DAY);
      const isBounded = told.length <= MOST_EVENTS_A_DAY * days && written.length <= MOST_BYTES_A_DAY * days;
      assert.ok(isBounded, `${told.length} events, ${written.length} bytes in ${days} days`);
      assert.ok(!written.includes(PASSWORD) && !JSON.stringify([...story.live.sites]).includes(PASSWORD));
      const keys = [...story.federation.keys.values()].filter(({ site }) => others.some((other) => other === site));
      assert.deepEqual([keys.length, keys.filter(({ revoked }) => revoked)], [2 * others.length, []]);
      const tunnels = [...story.federation.tunnelKeys.values()].filter(({ site }) =>
        others.some((one) => one === site),
      );
      assert.deepEqual(
        tunnels.filter(({ revoked }) => revoked),
        [],
      );
      ends(story);
    });
  }
});

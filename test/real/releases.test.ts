/** Whether what the agent knows of Flower, its flags, its words and its database, is so in every release that a person can choose. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { flowerEnvironment, flowerReleases } from "../../sandbox/hypervisor/real/flower.ts";
import { FlowerRun } from "../../sandbox/hypervisor/real/flower-run.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { FLOWER } from "../../src/federation/proposing/request.ts";
import { PUBLISHED } from "../../src/guest-protocol/names.ts";
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { packageRoot } from "../../src/package-root.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { LoneGuests } from "./lone-guests.ts";
import { LonePair } from "./lone-pair.ts";

const RUN_MS = 180_000;
const KEEPALIVE = { time: 60, timeout: 20 };

/** The image's programs get other requests than they make, no algorithm that is not certified, and refuse our keys. */
const OPENSSL_OF_THE_IMAGE = `cat > /etc/ssl/openssl.cnf <<END
openssl_conf = all
[all]
providers = providers
ssl_conf = ssl
[providers]
fips = fips
[fips]
activate = 1
[ssl]
system_default = every
[every]
CipherString = DEFAULT@SECLEVEL=5
[req]
distinguished_name = name
req_extensions = more
[name]
commonName = Common Name
[more]
subjectAltName = DNS:other
END
! openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=x -addext subjectAltName=DNS:x`;

const skip = await leftOut();
const releases = await flowerReleases();

test("every minor release between the oldest and the newest that may be asked for is tried, as the docs say", () => {
  const tried = new Set(releases.map((release) => Number(release.split(".")[1])));
  const allowed = Array.from({ length: FLOWER.newest - FLOWER.oldest + 1 }, (_, index) => FLOWER.oldest + index);
  assert.deepEqual([...tried], allowed);
  const page = readFileSync(join(packageRoot(), "docs", "using-the-marketplace-images.md"), "utf8").replaceAll(
    "\n",
    " ",
  );
  assert.ok(page.includes(`These are ${releases.slice(0, -1).join(", ")} and ${releases.at(-1)};`));
});

describe("on an image whose OpenSSL is set up for other programs", { skip, concurrency: 2 }, () => {
  let guests: LoneGuests;

  before(async () => {
    for (const release of releases) await flowerEnvironment(console.error, release);
    guests = await LoneGuests.start();
  });
  after(() => guests?.end());

  for (const [index, release] of releases.entries()) {
    test(`Flower ${release}: a SuperNode joins, a run completes, and a renewed certificate restarts nothing`, async (t) => {
      const begun = Date.now();
      const since = () => `${Math.round((Date.now() - begun) / 1000)} s`;
      const pair = new LonePair(guests, index + 1);
      try {
        await pair.deploy({ flowerVersion: release, keepalive: KEEPALIVE, prepare: OPENSSL_OF_THE_IMAGE });
        t.diagnostic(`joined after ${since()}`);
        const run = await FlowerRun.start(await pair.superlink(), { "num-server-rounds": 1, nodes: 1, answers: 1 });
        const before = await processesOf(pair);
        assert.equal(before.length, 2);

        const certificate = pair.says("superlink", PUBLISHED.fingerprint);
        await pair.renew();
        assert.notEqual(pair.says("superlink", PUBLISHED.fingerprint), certificate);
        t.diagnostic(`renewed after ${since()}`);

        assert.equal(await run.ended(RUN_MS), "finished:completed");
        const { rounds } = await run.outcome();
        assert.deepEqual(
          rounds.map(({ nodes }) => nodes.length),
          [1],
        );
        assert.deepEqual(await processesOf(pair), before);
        await until("its SuperNode is online", () => statuses(pair).includes("online"));
        assert.equal(pair.says("superlink", PUBLISHED.version), release);
        for (const one of ["superlink", "supernode"] as const) {
          assert.deepEqual([pair.says(one, PUBLISHED.stage), pair.says(one, PUBLISHED.reason)], ["serving", "none"]);
        }
        t.diagnostic(`run completed after ${since()}`);
      } finally {
        await pair.remove();
      }
    });
  }
});

/** Of Flower's two daemons, each with the release that it is of. */
async function processesOf(pair: LonePair): Promise<readonly string[]> {
  const vms = [await pair.superlink(), await pair.supernode()];
  const listings = vms.map((vm) => new Inside(vm).run(["pgrep", "-a", "-f", "bin/flower-super(link|node)"]));
  return (await Promise.all(listings)).map((listing) => listing.trim());
}

/** What the SuperLink says of its SuperNodes, by reading Flower's database. */
function statuses(pair: LonePair): readonly string[] {
  const nodes = decodeNodeList(pair.says("superlink", PUBLISHED.nodes));
  return nodes.ok ? nodes.value.map(({ status }) => status) : [];
}

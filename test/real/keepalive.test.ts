import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun } from "../../sandbox/hypervisor/real/flower-run.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { LoneGuests } from "./lone-guests.ts";
import { LonePair } from "./lone-pair.ts";

/** Seconds. Shorter than the form allows, so that these tests are. */
const KEEPALIVE = { time: 10, timeout: 5 };
const CLOSED_WITHIN_MS = (KEEPALIVE.time + KEEPALIVE.timeout + 5) * 1000;
/** Less than the time between two heartbeats of a SuperNode whose app trains, 17.5 to 22.5 s. */
const FORGETFUL_AFTER_S = 15;
const LONGEST_HEARTBEAT_MS = 22_500;
const TRAINING_S = 75;
const RUN_MS = 180_000;

const TRACED = "export GRPC_VERBOSITY=debug GRPC_TRACE=http_keepalive,http2_ping";
const WITHOUT_OUR_OPTIONS = "unset PYTHONPATH";

describe("gRPC keepalive between zones, with real Flower", { skip: await leftOut() }, () => {
  let guests: LoneGuests;
  let kept: LonePair;
  let plain: LonePair;
  let run: FlowerRun;
  let began: { readonly at: number; readonly connections: Ends<readonly string[]> };

  before(async () => {
    guests = await LoneGuests.start();
    [kept, plain] = [new LonePair(guests, 1), new LonePair(guests, 2)];
    await firewall([]);
    await Promise.all([
      kept.deploy({ keepalive: KEEPALIVE, prepare: whenFlowerStarts(TRACED) }),
      plain.deploy({ keepalive: KEEPALIVE, prepare: whenFlowerStarts(`${TRACED}; ${WITHOUT_OUR_OPTIONS}`) }),
    ]);
    [run] = await Promise.all([training(kept, TRAINING_S), training(plain, 10 * TRAINING_S)]);
    began = { at: Date.now(), connections: await lastingConnections(kept) };
  });
  after(() => guests?.end());

  test("while an app trains, each end pings the other, and neither does without our settings", async () => {
    const supernode = new Inside(await kept.supernode());
    await until("each end has pinged", async () => {
      // A ping is a sign of life itself, so of two healthy ends with one interval only one pings: the one that was
      // spoken to first, always the SuperLink. Held back until after the SuperNode's turn, its ping hinders no other.
      if ((await silence(supernode)) > 1000 * (KEEPALIVE.time - 1)) {
        await firewall([`ip saddr ${kept.address} drop`]);
        await new Promise((resolve) => setTimeout(resolve, 2000));
        await firewall([]);
        await until("the SuperNode hears again", async () => (await silence(supernode)) < 5000);
      }
      const { superlink: there, supernode: here } = await pings(kept);
      return there > 0 && here > 0;
    });
    assert.deepEqual(await pings(plain), { superlink: 0, supernode: 0 });
  });

  test("a firewall that forgets silent connections does not forget one that is kept alive", async () => {
    const longest = began.at + 1000 * FORGETFUL_AFTER_S + LONGEST_HEARTBEAT_MS;
    await new Promise((resolve) => setTimeout(resolve, longest - Date.now()));
    assert.deepEqual(await openConnections(kept, began.connections), began.connections);
  });

  test("a path that goes dead is closed by both ends, stays open without our settings, and heals", async (t) => {
    const [toBeClosed, toStay] = await Promise.all([lastingConnections(kept), lastingConnections(plain)]);
    await firewall([kept, plain].flatMap(cutOff));
    const cut = Date.now();
    const closed: { superlink?: number; supernode?: number } = {};
    await until("both ends have closed", async () => {
      const open = await openConnections(kept, toBeClosed);
      if (open.superlink.length === 0) closed.superlink ??= Date.now() - cut;
      if (open.supernode.length === 0) closed.supernode ??= Date.now() - cut;
      return closed.superlink !== undefined && closed.supernode !== undefined;
    });
    t.diagnostic(`closed by the SuperLink after ${closed.superlink} ms, by the SuperNode after ${closed.supernode} ms`);
    for (const took of Object.values(closed)) assert.ok(took <= CLOSED_WITHIN_MS, `${took} ms`);

    await firewall(cutOff(plain));
    assert.equal(await run.ended(RUN_MS), "finished:completed");
    const { rounds } = await run.outcome();
    assert.deepEqual(
      rounds.map(({ nodes }) => nodes.length),
      [1],
    );

    await new Promise((resolve) => setTimeout(resolve, cut + 3 * CLOSED_WITHIN_MS - Date.now()));
    assert.deepEqual(await openConnections(plain, toStay), toStay);
  });

  test("a run completes where each packet takes 100 ms each way", async () => {
    await guests.client.delay(100);
    const late = await oneRound(kept, 0);
    assert.equal(await late.ended(RUN_MS), "finished:completed");
    assert.equal((await late.outcome()).rounds[0]?.nodes.length, 1);
  });

  /** The firewall forgets; but the pair without our settings is to be closed by its own ends only. */
  async function firewall(rules: readonly string[]): Promise<void> {
    const spared = [`ip saddr ${plain.address} accept`, `ip daddr ${plain.address} accept`];
    await guests.client.firewall([...rules, ...spared], FORGETFUL_AFTER_S);
  }
});

type Ends<T> = { readonly superlink: T; readonly supernode: T };

/** Lets shell commands run before each of Flower's daemons: in its place on the disk is a script that becomes it. */
function whenFlowerStarts(commands: string): string {
  return `flower=$(readlink /var/lib/florist/venv)
rm /var/lib/florist/venv
mkdir -p /var/lib/florist/venv/bin
cd /var/lib/florist/venv
ln -s "$flower/lib" "$flower/pyvenv.cfg" .
ln -s "$flower"/bin/* bin/
for program in flower-superlink flower-supernode; do
  rm "bin/$program"
  printf '#!/bin/sh\\n%s\\nexec %s "$@"\\n' '${commands}' "$flower/bin/$program" > "bin/$program"
  chmod 755 "bin/$program"
done`;
}

async function oneRound(pair: LonePair, seconds: number): Promise<FlowerRun> {
  return await FlowerRun.start(await pair.superlink(), { "num-server-rounds": 1, nodes: 1, answers: 1, seconds });
}

/** Resolves when the app works on the SuperNode, which from then on only sends its heartbeat. */
async function training(pair: LonePair, seconds: number): Promise<FlowerRun> {
  const run = await oneRound(pair, seconds);
  const supernode = new Inside(await pair.supernode());
  await until("an app works", async () => (await supernode.run(["ps", "-eo", "args"])).includes("flwr-clientapp"));
  return run;
}

async function atBothEnds<T>(pair: LonePair, look: (inside: Inside) => Promise<T>): Promise<Ends<T>> {
  const [superlink, supernode] = await Promise.all([pair.superlink(), pair.supernode()]);
  const [there, here] = await Promise.all([look(new Inside(superlink)), look(new Inside(supernode))]);
  return { superlink: there, supernode: here };
}

/** How many keepalive pings to the other end were answered, by gRPC's own trace. */
function pings(pair: LonePair): Promise<Ends<number>> {
  return atBothEnds(pair, async (inside) => {
    const trace = await inside.run(["sh", "-c", "cat /var/lib/florist/logs/flower-super[ln]*.log"]);
    assert.match(trace, /gRPC Tracers: .*http_keepalive/);
    return trace.split("\n").filter((line) => line.includes("Finish keepalive ping") && !line.includes("ipv4:127."))
      .length;
  });
}

const FLEET_CONNECTIONS = ["state", "established", "( sport = :9092 or dport = :9092 )"];

function connections(pair: LonePair): Promise<Ends<readonly string[]>> {
  return atBothEnds(pair, async (inside) => {
    const lines = (await inside.run(["ss", "-Htn", ...FLEET_CONNECTIONS])).split("\n");
    return lines.flatMap((line) => /(\S+)\s+(\S+)\s*$/.exec(line)?.slice(1).join(" ") ?? []);
  });
}

/** Those of `before` that are open still. */
async function openConnections(pair: LonePair, before: Ends<readonly string[]>): Promise<Ends<readonly string[]>> {
  const now = await connections(pair);
  return {
    superlink: before.superlink.filter((one) => now.superlink.includes(one)),
    supernode: before.supernode.filter((one) => now.supernode.includes(one)),
  };
}

/** Flower's own connection: the agent's dials come and go. */
async function lastingConnections(pair: LonePair): Promise<Ends<readonly string[]>> {
  const first = await connections(pair);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const lasting = await openConnections(pair, first);
  assert.deepEqual([lasting.superlink.length, lasting.supernode.length], [1, 1]);
  return lasting;
}

/** Milliseconds since a SuperNode heard anything on any connection to its SuperLink. */
async function silence(supernode: Inside): Promise<number> {
  const told = await supernode.run(["ss", "-Htin", ...FLEET_CONNECTIONS]);
  return Math.min(...[...told.matchAll(/lastrcv:(\d+)/g)].map(([, since]) => Number(since)));
}

/** Rules that let nothing through to a pair's SuperLink, nor back. */
function cutOff(pair: LonePair): readonly string[] {
  return [`ip saddr ${pair.address} drop`, `ip daddr ${pair.address} drop`];
}

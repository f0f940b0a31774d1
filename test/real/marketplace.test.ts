/**
 * The agent on machines laid out like the marketplace's images: it runs their containers with its own flags. What
 * stands in for Docker, systemd and ufw is in container-runtime/; Flower's daemons are real. It takes minutes.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { endDataDisks, makeDataDisk, observationsOf } from "../../sandbox/hypervisor/real/data-disk.ts";
import { flowerEnvironment } from "../../sandbox/hypervisor/real/flower.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { DATA_DISK } from "../../src/guest-protocol/data.ts";
import { decodeBase64Text, encodeBase64Text, encodeStructured } from "../../src/guest-protocol/decoded.ts";
import { encodeKeyList } from "../../src/guest-protocol/key-list.ts";
import { CONTEXT } from "../../src/guest-protocol/names.ts";
import { parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { Authority, contextOf } from "./marketplace/authority.ts";
import { Bench, type VirtualMachine } from "./marketplace/bench.ts";
import { marketplaceImage } from "./marketplace/container-runtime/image.ts";
import { NAME_SERVER } from "./name-server.ts";

const SUBNET = 212;
const [FOUR, SIX] = [`10.${SUBNET}.10.2`, `2001:db8:${SUBNET}:10::2`];
/** By name, what the name server of the SuperNode's VM answers. */
const NAMES = { "six.example.org": [SIX], "both.example.org": [FOUR, SIX] };
const PORT = 9092;
/** A name of an IPv6 address only, so that containers ask a name server, and serve and dial IPv6. */
const ADDRESS = `six.example.org:${PORT}`;
/** What else the SuperLink is dialled by, and how Flower is told that. */
const ALSO = [
  { host: "both.example.org", shown: "both.example.org", what: "a name that has an address of either kind" },
  { host: SIX, shown: `[${SIX}]`, what: "an IPv6 address" },
] as const;
const SUPERLINK_IMAGE = "flwr/superlink:1.31.0";
const skip = await leftOut();
const bench = new Bench(SUBNET);
let flower = "";
let ca: Authority;
let superlink: VirtualMachine;
let node: VirtualMachine;

before(async () => {
  if (skip) return;
  flower = await flowerEnvironment((sentence) => console.error(sentence));
  const coordinator = { kind: "superlink", images: [SUPERLINK_IMAGE] } as const;
  // Its appliance failed, and Docker is still on its way when START_SCRIPT runs.
  const images = ["flower-supernode-pytorch:1.31.0"];
  await bench.open(marketplaceImage(join(bench.folder, "coordinator"), flower, coordinator));
  const dataDevice = await makeDataDisk(bench.folder, "beta");
  const training = { kind: "supernode", images, dataDevice, dockerAfter: 5 } as const;
  const { base64: script } = await readGuestScript(join(process.cwd(), "manifests", "guest"));
  ca = new Authority(join(bench.folder, "ca"));
  const dialled = { FL_DIALLED_ADDRESS: ADDRESS, FL_CERT_EXTRA_SAN: `DNS:both.example.org,IP:${SIX}` };
  superlink = bench.machine(10, script, contextOf("superlink", "alpha", dialled));
  const context = contextOf("supernode", "beta", {
    FL_SUPERLINK_ADDRESS: ADDRESS,
    FL_SSL_CA_CERTFILE: encodePem([ca.pem("ca.crt")]),
    FL_NODE_CONFIG: encodeBase64Text("examples=11 data-path='/mnt/data'"),
    [CONTEXT.data]: DATA_DISK.told,
    ML_FRAMEWORK: "none",
  });
  const { boot } = marketplaceImage(join(bench.folder, "training"), flower, training);
  node = bench.machine(11, script, context, { boot: `${boot}\n${nameServer()}` });
});
after(async () => {
  if (process.env["FLORIST_SHOW_LOGS"] === "1") {
    console.error(bench.machines.map((machine) => machine.logs()).join("\n"));
  }
  if (skip) return;
  await bench.close();
  await endDataDisks(bench.folder);
});

/** Lines of a shell. */
function nameServer(): string {
  const program = join(bench.folder, "name-server.py");
  writeFileSync(program, NAME_SERVER);
  return `echo nameserver 127.0.0.1 > /etc/resolv.conf
      python3 ${program} '${JSON.stringify(NAMES)}' > /run/names.log 2>&1 &`;
}

function stage(machine: VirtualMachine): string {
  const { FL_STAGE, FL_REASON } = bench.attributes(machine);
  return `${FL_STAGE} ${FL_REASON}`;
}

function text(base64: string | undefined): string {
  const decoded = decodeBase64Text(base64 ?? "");
  assert.ok(decoded.ok);
  return decoded.value;
}

function online(): number {
  const decoded = decodeNodeList(bench.attributes(superlink)["FL_NODES"] ?? "");
  return decoded.ok ? decoded.value.filter((one) => one.status === "online").length : 0;
}

/** The command line of every process of a user, by the name that the machine has for it. */
const processesOf = (machine: VirtualMachine, user: string): string =>
  machine.exec(`ps -o args= -U ${user} || true`).trim();

function refusal(machine: VirtualMachine, command: string): string {
  return machine.exec(`${command} 2>&1 && exit 1 || true`);
}

test("the stand-in for Docker refuses flags it does not know, and shows a container nothing but its volumes", {
  skip,
}, async () => {
  superlink.boot();
  await until("a request is published", () => bench.attributes(superlink)["FL_TLS_CSR"] !== undefined);
  const run = "/usr/local/bin/docker run --rm --network=host --user=49999:49999";
  assert.match(refusal(superlink, `${run} --privileged ${SUPERLINK_IMAGE}`), /unknown flag: --privileged/);
  assert.match(refusal(superlink, `${run} flwr/superlink:1.0.0`), /Unable to find image/);
  const list = (volume: string) =>
    superlink.exec(`${run} ${volume} --entrypoint=ls ${SUPERLINK_IMAGE} /var/lib /etc /run`);
  assert.doesNotMatch(list(""), /florist|shadow|docker/);
  assert.match(list("--volume=/var/lib/florist:/var/lib/florist:ro"), /florist/);
});

test("the marketplace's own SuperLink is stopped and masked, and its image serves with our flags", {
  skip,
}, async () => {
  const said = bench.attributes(superlink);
  said["FL_TLS_CA"] = encodePem([ca.pem("ca.crt")]);
  said["FL_TLS_CERT"] = encodePem([ca.sign(text(said["FL_TLS_CSR"]))]);
  await until("the SuperLink serves", () => stage(superlink) === "serving none");
  assert.match(superlink.exec("/usr/local/bin/systemctl is-enabled flower-superlink.service || true"), /^masked$/m);
  assert.equal(processesOf(superlink, "49999"), "");
  assert.equal(
    superlink.exec("ls /var/lib/docker/containers").trim(),
    "florist-flower-superexec\nflorist-flower-superlink",
  );
  assert.match(processesOf(superlink, "florist-keys"), /flower-superlink .*--enable-supernode-auth/);
  assert.match(processesOf(superlink, "florist-apps"), /flower-superexec/);
  saysOnlyOurs();
  assert.equal(superlink.exec("ls /var/lib/florist | grep venv || true").trim(), "");
});

test("a SuperNode waits for Docker, passes the appliance's firewall, and runs in the image that is there", {
  skip,
}, async () => {
  node.boot();
  await until("it waits for its admission", () => stage(node) === "awaiting-admission none");
  assert.equal(bench.attributes(node)["FL_LINK"], "ok");
  const key = parseNodeKey(bench.attributes(node)["FL_NODE_KEY"] ?? "");
  assert.ok(key.ok);
  bench.attributes(superlink)["FL_ADMIT"] = encodeKeyList("FL_ADMIT", { sequence: 1, keys: [key.value] });
  bench.attributes(node)["FL_ADMITTED"] = key.value.fingerprint;
  await until("it serves", () => stage(node) === "serving none");
  await until("the SuperLink sees it", () => online() === 1);
  assert.match(processesOf(node, "florist-keys"), /flower-supernode/);
});

for (const [nth, { host, shown, what }] of ALSO.entries()) {
  test(`a SuperNode in a container dials ${what}`, { skip }, async () => {
    const sequence = nth + 1;
    const address = `${host}:${PORT}`;
    const authority = ca.pem("ca.crt");
    const digest = createHash("sha256").update(`FL_TRUST\n${sequence}\n${address}\n${authority}`).digest("hex");
    bench.attributes(node)["FL_TRUST"] = encodeStructured({ sequence, digest, address, ca: authority });
    const dials = () => processesOf(node, "florist-keys").includes(`--superlink ${shown}:${PORT} `);
    await until("it dials that", () => dials() && stage(node) === "serving none" && online() === 1);
  });
}

test("an app in a container reaches neither keys nor OneGate nor Flower's internal API, and its run completes", {
  skip,
}, async () => {
  const run = startRun({ "num-server-rounds": 1, probe: `http://10.${SUBNET}.255.1:5030/vm` });
  await until("the run ends", () => statusOf(run).startsWith("finished"));
  assert.equal(statusOf(run), "finished:completed");
  const found: unknown = JSON.parse(/PROBE (.*)/.exec(node.logs())?.[1] ?? "null");
  assert.deepEqual(found, {
    identity: "FileNotFoundError",
    token: "FileNotFoundError",
    database: "FileNotFoundError",
    environments: 0,
    onegate: "TimeoutError",
    internal: "UNAUTHENTICATED",
    user: node.exec("id -u florist-apps").trim(),
  });
});

test("an app in a container trains on the disk that the zone's owner attached", { skip }, async () => {
  const run = startRun({ "num-server-rounds": 1 });
  await until("the run ends", () => statusOf(run).startsWith("finished"));
  assert.equal(statusOf(run), "finished:completed");
  const [first = ""] = observationsOf("beta").split("\n");
  const found: unknown = JSON.parse(/RESULT (.*)/.exec(flwr(`log ${run} fed --show`))?.[1] ?? "null");
  // Half way from nothing to the first line of the disk's table.
  assert.deepEqual(
    found,
    first.split(",").map((value) => Number(value) / 2),
  );
});

test("a renewed certificate reaches the container without a restart", { skip }, async () => {
  const said = bench.attributes(superlink);
  const before = said["FL_TLS_FINGERPRINT"];
  const daemon = daemonOf(superlink);
  said["FL_TLS_CERT"] = encodePem([ca.sign(text(said["FL_TLS_CSR"]))]);
  await until("the new certificate is announced", () => said["FL_TLS_FINGERPRINT"] !== before);
  assert.equal(daemonOf(superlink), daemon);
  assert.equal(stage(node), "serving none");
});

test("a SuperLink whose container dies, or whose Docker client dies, is back within 20 s, and a run completes", {
  skip,
}, async () => {
  const run = startRun({ "num-server-rounds": 2, seconds: 5 });
  await until("the run is on its way", () => statusOf(run) === "running");
  for (const victim of ["[f]lower-superlink --ssl", "[n]ame=florist-flower-superlink"]) {
    const before = daemonOf(superlink);
    superlink.exec(`kill -9 $(pgrep -o -f -- '${victim}')`);
    const death = Date.now();
    await until("it is back", () => {
      const now = daemonOf(superlink);
      return now !== "" && now !== before && stage(superlink) === "serving none";
    });
    const took = Date.now() - death;
    assert.ok(took < 20_000, `${took} ms after ${victim}`);
  }
  await until("the run ends", () => statusOf(run).startsWith("finished"));
  assert.equal(statusOf(run), "finished:completed");
  await until("the SuperNode is back", () => online() === 1 && stage(node) === "serving none");
});

test("a machine that dies hard leaves its containers' names behind, and comes up with them again", {
  skip,
}, async () => {
  const before = bench.attributes(superlink)["FL_TLS_FINGERPRINT"];
  await superlink.kill();
  const booted = bench.onegate.writes.length;
  superlink.boot();
  const fresh = () =>
    bench.onegate.writes.slice(booted).some(({ vm, set }) => vm === superlink.id && set["FL_STAGE"] === "serving");
  await until("it serves again", fresh);
  saysOnlyOurs();
  assert.equal(bench.attributes(superlink)["FL_TLS_FINGERPRINT"], before);
  assert.equal(processesOf(superlink, "49999"), "");
  await until("the SuperNode is back", () => online() === 1 && stage(node) === "serving none");
  const run = startRun({ "num-server-rounds": 1 });
  await until("the run ends", () => statusOf(run).startsWith("finished"));
  assert.equal(statusOf(run), "finished:completed");
});

/** The appliance, when it first starts, publishes under the same names what is not this federation's. */
function saysOnlyOurs(): void {
  const said = bench.attributes(superlink);
  const ofAppliance = bench.onegate.writes.filter(({ set }) => set["FL_CA_CERT"] === "b3RoZXI=");
  assert.ok(ofAppliance.length > 0);
  assert.equal(said["FL_ENDPOINT"], ADDRESS);
  assert.equal(text(said["FL_CA_CERT"]).trim(), ca.pem("ca.crt").trim());
}

function daemonOf(machine: VirtualMachine): string {
  return machine.exec("pgrep -f '[f]lower-superlink --ssl' -u florist-keys || true").trim();
}

function startRun(config: Record<string, string | number>): string {
  const app = join(bench.folder, "app");
  cpSync(join(process.cwd(), "test", "real", "marketplace", "app"), app, { recursive: true });
  const settings = Object.entries({ nodes: 1, ...config }).map(
    ([name, value]) => `${name}=${typeof value === "number" ? value : `'${value}'`}`,
  );
  const answer = flwr(`run ${app} fed --format json --run-config "${settings.join(" ")}"`);
  return /"run-id": "?([0-9]+)/.exec(answer)?.[1] ?? assert.fail(answer);
}

function statusOf(run: string): string {
  return /"status": "([^"]+)"/.exec(flwr(`list fed --run-id ${run} --format json`))?.[1] ?? "";
}

/** Flower's command line as somebody has it who came by ssh; it is not the image's. */
function flwr(line: string): string {
  const home = "HOME=/tmp FLWR_HOME=/var/lib/florist/site FLWR_TELEMETRY_ENABLED=0 FLWR_DISABLE_UPDATE_CHECK=1";
  return superlink.exec(`${home} ${flower}/bin/flwr ${line} 2>&1`);
}

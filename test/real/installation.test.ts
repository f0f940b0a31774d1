/** How Flower comes onto a machine whose image lacks it, and what the agent refuses to install. No machine here has a way out. */
import assert from "node:assert/strict";
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../sandbox/hypervisor/real/command.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { Authority, contextOf } from "./marketplace/authority.ts";
import { Bench, type MachineImage, type VirtualMachine } from "./marketplace/bench.ts";
import { marketplaceImage } from "./marketplace/container-runtime/image.ts";

const SUBNET = 213;
const GUEST = join(process.cwd(), "manifests", "guest");
/** As docs/using-the-marketplace-images.md has it for whoever makes an image without a way to the package index. */
const MACHINE = process.arch === "arm64" ? "aarch64" : "x86_64";
const PLATFORMS = ["manylinux2014", "manylinux_2_17", "manylinux_2_28"].map((tag) => `--platform=${tag}_${MACHINE}`);
const DOWNLOAD_MS = 300_000;

const skip = await leftOut();
const bench = new Bench(SUBNET);
let wheels = "";
let script = "";
let trust = "";

before(async () => {
  if (skip) return;
  await bench.open({ boot: "mount -t tmpfs tmpfs /opt" });
  wheels = await pinnedWheels();
  script = (await readGuestScript(GUEST)).base64;
  trust = encodePem([new Authority(join(bench.folder, "ca")).pem("ca.crt")]);
});
after(async () => {
  if (process.env["FLORIST_SHOW_LOGS"] === "1") {
    console.error(bench.machines.map((machine) => machine.logs()).join("\n"));
  }
  if (!skip) await bench.close();
});

/** From the package index that this machine's pip uses, once. */
async function pinnedWheels(): Promise<string> {
  const folder = "/var/cache/florist/wheels-1.31.0";
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const version = await run("/usr/bin/python3", ["-c", "import sys; print('3.%d' % sys.version_info[1])"]);
  const pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", `--dest=${fresh}`];
  const exactly = ["--only-binary=:all:", `--python-version=${version.trim()}`, ...PLATFORMS];
  const pins = [`--requirement=${join(GUEST, "flower-1.31.0.txt")}`, "pip==26.3"];
  await run("/usr/bin/python3", [...pip, ...exactly, ...pins], { deadlineMs: DOWNLOAD_MS });
  renameSync(fresh, folder);
  return folder;
}

/** A copy of the wheels in which the one of that name is another file. */
function alteredWheels(name: string): string {
  const folder = join(bench.folder, `altered-${name}`);
  cpSync(wheels, folder, { recursive: true });
  const wheel = readdirSync(folder).find((file) => file.startsWith(`${name}-`));
  assert.ok(wheel);
  appendFileSync(join(folder, wheel), "x");
  return folder;
}

const carrying = (folder: string): MachineImage => ({
  boot: `mount -t tmpfs tmpfs /opt; mkdir /opt/florist; ln -s ${folder} /opt/florist/wheels`,
});

function supernode(id: number, more: Record<string, string>, image?: MachineImage): VirtualMachine {
  const address = { FL_SUPERLINK_ADDRESS: `10.${SUBNET}.99.2:9092`, FL_SSL_CA_CERTFILE: trust };
  const machine = bench.machine(id, script, contextOf("supernode", "beta", { ...address, ...more }), image);
  machine.boot();
  return machine;
}

const stage = (machine: VirtualMachine): string =>
  `${bench.attributes(machine)["FL_STAGE"]} ${bench.attributes(machine)["FL_REASON"]}`;

const agentLog = (machine: VirtualMachine): string => machine.exec("cat /var/lib/florist/logs/agent.log");

const PROGRAM = "/var/lib/florist/venv/bin/flower-supernode";

test("Flower is installed from the pinned wheels on the image, once, without any way out", { skip }, async () => {
  const machine = supernode(20, {}, carrying(wheels));
  await until("Flower is installed", () => stage(machine).startsWith("awaiting-admission"));
  assert.match(machine.exec(`${PROGRAM} --help`), /--superexec-auth-secret-file/);
  const made = "stat --format=%Y /var/lib/florist/venv/complete";
  const before = machine.exec(made);
  await machine.kill();
  const booted = bench.onegate.writes.length;
  machine.boot();
  const said = () => bench.onegate.writes.slice(booted).some(({ set }) => set["FL_STAGE"] === "awaiting-admission");
  await until("it is ready again", said);
  assert.equal(machine.exec(made), before);
});

test("a wheel that is not the pinned file is not installed, and neither is another pip", { skip }, async () => {
  const machines = ["typer", "pip"].map((name, index) => supernode(21 + index, {}, carrying(alteredWheels(name))));
  for (const machine of machines) {
    await until("it is refused", () => stage(machine) === "failed flower-missing");
    assert.equal(machine.exec(`ls ${PROGRAM} 2>/dev/null || true`), "");
    assert.match(agentLog(machine), /not (the )?pinned/);
  }
});

test("a version whose files are not pinned is refused, and so is an index that cannot be reached", {
  skip,
}, async () => {
  const unpinned = supernode(23, { FLOWER_VERSION: "1.30.0" }, carrying(wheels));
  const cutOff = supernode(24, {});
  await until("the version is refused", () => stage(unpinned) === "failed flower-version");
  await until("it says what is missing", () => stage(cutOff) === "failed flower-missing");
  assert.match(agentLog(cutOff), /index cannot be reached/);
});

test("FL_LAUNCHER in CONTEXT overrides what looking would find", { skip }, async () => {
  const appliance = join(bench.folder, "appliance");
  const image = marketplaceImage(appliance, "/nowhere", {
    kind: "supernode",
    images: ["flower-supernode-pytorch:1.31.0"],
  });
  const found = supernode(25, {}, image);
  const venv = supernode(26, { FL_LAUNCHER: "venv" }, image);
  const containers = supernode(27, { FL_LAUNCHER: "containers", ML_FRAMEWORK: "sklearn" }, image);
  await until("the image is found", () => stage(found).startsWith("awaiting-admission"));
  await until("the index is asked", () => stage(venv) === "failed flower-missing");
  assert.match(agentLog(venv), /index cannot be reached/);
  await until("the image is missed", () => stage(containers) === "failed flower-missing");
  assert.match(agentLog(containers), /flower-supernode-sklearn:1\.31\.0 is not on this VM/);
});

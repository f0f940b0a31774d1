import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../../src/package-root.ts";
import { run } from "./command.ts";
import { SYSTEM_PATH } from "./requirements.ts";

/** What VMs of this machine share. Readable for everybody: Flower runs as users of its own. */
export const CACHE = "/var/cache/florist";
const INSTALL_MS = 600_000;

/** The pins of the release that the agent can install itself, and those of the others. */
const OWN = join(packageRoot(), "manifests", "guest");
const OTHERS = join(packageRoot(), "sandbox", "hypervisor", "real", "releases");
const PINS = /^flower-(\d+\.\d+\.\d+)\.txt$/;

const INSTALL = `set -e
umask 022
test -e "$1/complete" && exit 0
python3 -m venv --clear "$1"
"$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --requirement "$2"
touch "$1/complete"`;

/** By the uv that Flower itself brings: a third of pip's time, and what releases have in common lies on the disk once. */
const INSTALL_BESIDE = `set -e
umask 022
test -e "$1/complete" && exit 0
python3 -m venv --clear --without-pip "$1"
export UV_CACHE_DIR="$4"
"$3/bin/uv" pip install --quiet --no-deps --only-binary :all: --compile-bytecode --link-mode hardlink \\
  --python "$1/bin/python" --requirement "$2"
touch "$1/complete"`;

/** Every release that VMs of this machine can have, the oldest first. */
export async function flowerReleases(): Promise<readonly string[]> {
  const all = [...(await releasesIn(OWN)), ...(await releasesIn(OTHERS))];
  return all.sort(new Intl.Collator("en", { numeric: true }).compare);
}

async function releasesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).flatMap((name) => PINS.exec(name)?.[1] ?? []);
}

/**
 * The virtual environment with a release of Flower, the agent's own if none is named, that all VMs of this machine share,
 * made from the package index once.
 * @returns its folder
 * @throws CommandFailed with what the installer said, for example without a way to the package index
 */
export async function flowerEnvironment(tell: (sentence: string) => void, release?: string): Promise<string> {
  const [own = ""] = await releasesIn(OWN);
  const version = release ?? own;
  const folder = join(CACHE, `flower-${version}`);
  await mkdir(CACHE, { recursive: true, mode: 0o755 });
  if (await isComplete(folder)) return folder;
  const isOwn = version === own;
  const beside = isOwn ? [] : [await flowerEnvironment(tell), join(CACHE, "uv")];
  tell(`Flower ${version} is being installed into ${folder}; this takes a minute, once.`);
  const pins = join(CACHE, `flower-${version}.txt`);
  await writeFile(pins, await readFile(join(isOwn ? OWN : OTHERS, `flower-${version}.txt`)));
  const install = ["/bin/sh", "-c", isOwn ? INSTALL : INSTALL_BESIDE, "install", folder, pins, ...beside];
  const lock = join(CACHE, "lock");
  await run("flock", [lock, "env", "-i", `PATH=${SYSTEM_PATH}`, "HOME=/root", ...wayToIndex(), ...install], {
    deadlineMs: INSTALL_MS,
  });
  return folder;
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    await readFile(join(folder, "complete"));
    return true;
  } catch {
    return false;
  }
}

/** How this machine reaches the package index is known to whoever started this program; uv goes the same way as pip. */
function wayToIndex(): readonly string[] {
  const given = Object.entries(process.env).flatMap(([name, value]) =>
    /^(PIP_|UV_|.*_proxy$|SSL_CERT_)/i.test(name) ? [`${name}=${value ?? ""}`] : [],
  );
  const index = process.env["UV_DEFAULT_INDEX"] ?? process.env["PIP_INDEX_URL"];
  return index === undefined ? given : [...given, `UV_DEFAULT_INDEX=${index}`];
}

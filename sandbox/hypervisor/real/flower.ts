import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../../src/package-root.ts";
import { run } from "./command.ts";
import { SYSTEM_PATH } from "./requirements.ts";

const FLOWER_VERSION = "1.31.0";
/** What VMs of this machine share. Readable for everybody: Flower runs as users of its own. */
export const CACHE = "/var/cache/florist";
const INSTALL_MS = 600_000;

const INSTALL = `set -e
umask 022
test -e "$1/complete" && exit 0
python3 -m venv --clear "$1"
"$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --requirement "$2"
touch "$1/complete"`;

/**
 * The virtual environment with Flower that all VMs of this machine share, made from the package index once.
 * @returns its folder
 * @throws CommandFailed with what pip said, for example without a way to the package index
 */
export async function flowerEnvironment(tell: (sentence: string) => void): Promise<string> {
  const folder = join(CACHE, `flower-${FLOWER_VERSION}`);
  await mkdir(CACHE, { recursive: true, mode: 0o755 });
  if (!(await isComplete(folder))) {
    tell(`Flower ${FLOWER_VERSION} is being installed into ${folder}; this takes a minute, once.`);
    const pins = join(CACHE, `flower-${FLOWER_VERSION}.txt`);
    await writeFile(pins, await readFile(join(packageRoot(), "manifests", "guest", `flower-${FLOWER_VERSION}.txt`)));
    const install = ["/bin/sh", "-c", INSTALL, "install", folder, pins];
    const lock = join(CACHE, "lock");
    await run("flock", [lock, "env", "-i", `PATH=${SYSTEM_PATH}`, "HOME=/root", ...proxies(), ...install], {
      deadlineMs: INSTALL_MS,
    });
  }
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

/** How this machine reaches the package index is known to whoever started this program. */
function proxies(): readonly string[] {
  return Object.entries(process.env).flatMap(([name, value]) =>
    /^(PIP_|.*_proxy$|SSL_CERT_)/i.test(name) ? [`${name}=${value ?? ""}`] : [],
  );
}

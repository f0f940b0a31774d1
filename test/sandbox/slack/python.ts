/** Slack's own packages for Python, in an environment of their own. */
import { execFile } from "node:child_process";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const PACKAGES = ["slack_bolt==1.30.0", "slack_sdk==3.48.0"];
/** Installed from the package index once on a machine. */
const ENVIRONMENT = join(homedir(), ".cache", "florist", "slack-bolt-1.30.0");
const INSTALL_MS = 600_000;

const run = promisify(execFile);

/** Why the test is left out here, or false; under CI that is a failure. */
export async function leftOut(): Promise<string | false> {
  try {
    await run("python3", ["-c", "import ensurepip, venv"]);
    return false;
  } catch {
    const reason = "left out: python3 with venv is missing; install python3 and python3-venv";
    if (process.env["CI"] === "true") throw new Error(reason);
    return reason;
  }
}

/** Python with Bolt and the SDK; whoever is first to have one made it for all. */
export async function pythonWithBolt(): Promise<string> {
  const python = join(ENVIRONMENT, "bin", "python");
  if (await exists(join(ENVIRONMENT, "complete"))) return python;
  const mine = `${ENVIRONMENT}.${process.pid}`;
  await mkdir(mine, { recursive: true });
  await run("python3", ["-m", "venv", "--clear", mine]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", ...PACKAGES];
  await run(join(mine, "bin", "python"), pip, { timeout: INSTALL_MS });
  await writeFile(join(mine, "complete"), "");
  try {
    await rename(mine, ENVIRONMENT);
  } catch {
    await rm(mine, { recursive: true });
  }
  return python;
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

import { run } from "./command.ts";

type Requirement = { readonly missing: string; readonly probe: readonly [string, ...string[]] };

/** What VMs find: the tools of the system, never those of whoever started this program. */
export const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const PROBES: readonly Requirement[] = [
  { missing: "`ip`: install iproute2 (apt-get install iproute2)", probe: ["ip", "-V"] },
  { missing: "`nft`: install nftables (apt-get install nftables)", probe: ["nft", "--version"] },
  { missing: "`unshare` and `nsenter`: install util-linux", probe: ["nsenter", "--version"] },
  { missing: "bash: install bash", probe: ["bash", "--version"] },
  { missing: "`losetup`: install mount (apt-get install mount)", probe: ["losetup", "--version"] },
  { missing: "`mke2fs`: install e2fsprogs (apt-get install e2fsprogs)", probe: ["mke2fs", "-V"] },
  { missing: "`openssl`: install openssl", probe: ["openssl", "version"] },
  { missing: "`ssh-keygen`: install openssh-client", probe: ["sh", "-c", "command -v ssh-keygen"] },
  {
    missing:
      "Python 3.11 or later with venv: install python3 and python3-venv, on a system whose python3 is at least 3.11 (Debian 12, Ubuntu 24.04)",
    probe: ["python3", "-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"],
  },
];

const SPACES: Requirement = {
  missing: "permission to make namespaces and mounts: in a container, start it with --privileged",
  probe: ["unshare", "--net", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
};

/** What real guests need and this machine lacks, each with how to get it; empty when nothing is missing. */
export async function missingForRealGuests(): Promise<readonly string[]> {
  if (process.platform !== "linux") return [`Linux: this is ${process.platform}`];
  const missing = process.getuid?.() === 0 ? [] : ["root: start this as root, for example with sudo"];
  const wanted = missing.length === 0 ? [...PROBES, SPACES] : PROBES;
  const found = await Promise.all(wanted.map(async (one) => ((await works(one.probe)) ? [] : [one.missing])));
  return [...missing, ...found.flat()];
}

async function works([command, ...args]: Requirement["probe"]): Promise<boolean> {
  try {
    await run("env", [`PATH=${SYSTEM_PATH}`, command, ...args]);
    return true;
  } catch {
    return false;
  }
}

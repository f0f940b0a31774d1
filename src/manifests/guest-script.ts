import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

/** The agent as it enters CONTEXT, and what a zone owner compares it with. */
export type GuestScript = {
  /** The whole `START_SCRIPT_BASE64`, under {@link MAX_GUEST_SCRIPT_BYTES}. */
  readonly base64: string;
  /**
   * SHA-256 of the program, lower-case hexadecimal: what `sha256sum *.py *.txt | sha256sum` prints in manifests/guest
   * (with LC_ALL=C). It is over the sources and not over `base64`, because another zlib may compress them differently.
   */
  readonly sha256: string;
};

/** CONTEXT of every VM is part of every bulk reading of a zone. */
const MAX_GUEST_SCRIPT_BYTES = 34_000;

const SOURCE = /^[a-z0-9._-]+\.(py|txt)$/;

/** @throws Error when a file cannot be read, RangeError when the agent has grown too large to travel. */
export async function readGuestScript(directory: string): Promise<GuestScript> {
  const names = (await readdir(directory)).filter((name) => SOURCE.test(name));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(directory, name), "utf8")] as const),
  );
  return packGuestScript(Object.fromEntries(files));
}

/** Packs the files of the agent, by name; the same files give the same bytes on one version of Node. */
export function packGuestScript(files: Readonly<Record<string, string>>): GuestScript {
  const names = Object.keys(files).sort();
  const sorted = Object.fromEntries(names.map((name) => [name, files[name] ?? ""]));
  const sha256 = digestOf(names.map((name) => `${digestOf(sorted[name] ?? "")}  ${name}\n`).join(""));
  const packed = deflateSync(JSON.stringify(sorted), { level: 9 });
  const base64 = Buffer.concat([Buffer.from(launcher(sha256)), packed]).toString("base64");
  if (base64.length > MAX_GUEST_SCRIPT_BYTES) {
    throw new RangeError(`The guest's program takes ${base64.length} bytes; CONTEXT has ${MAX_GUEST_SCRIPT_BYTES}.`);
  }
  return { base64, sha256 };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/**
 * One-context decodes the value into a file and runs that as root, so binary may follow the shell's part, which never
 * comes to it. Without Python the guest can still say so to OneGate.
 */
function launcher(sha256: string): string {
  return `#!/bin/sh
# The florist agent, ${sha256}
umask 077
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  . /var/run/one-context/one_env
  curl -sm 10 -X PUT -H "X-ONEGATE-TOKEN: $TOKENTXT" -H "X-ONEGATE-VMID: $VMID" "$ONEGATE_ENDPOINT/vm" \\
    --data-binary "$(printf 'FL_STAGE=failed\\nFL_REASON=tool-missing')"
  exit 1
fi
exec python3 -c '
import json, os, sys, zlib
program = "/var/lib/florist/program"
os.makedirs(program, exist_ok=True)
files = json.loads(zlib.decompress(open(sys.argv[1], "rb").read().partition(b"\\nPROGRAM\\n")[2]))
for name in {*os.listdir(program)} - {*files}:
    os.remove(f"{program}/{name}")
for name, text in files.items():
    open(f"{program}/.fresh", "w").write(text)
    os.replace(f"{program}/.fresh", f"{program}/{name}")
os.execv(sys.executable, [sys.executable, "-EsB", f"{program}/agent.py", "install"])
' "$0"
PROGRAM
`;
}

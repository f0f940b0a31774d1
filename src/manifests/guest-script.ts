import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

/** The agent as it enters CONTEXT, and what a zone owner compares it with. */
export type GuestScript = {
  /** The whole `START_SCRIPT_BASE64`, under {@link MAX_GUEST_SCRIPT_BYTES}. */
  readonly base64: string;
  /**
   * SHA-256 of the sources, lower-case hexadecimal: what `LC_ALL=C sha256sum *.* | sha256sum` prints in manifests/guest.
   * It is not over `base64`, because another zlib may compress the same program differently.
   */
  readonly sha256: string;
};

/**
 * Our own limit, because CONTEXT of every VM is part of every bulk reading of a zone. What one-context could not take is far
 * above it: it hands each value to START_SCRIPT in the environment, where Linux lets one have 128 KiB.
 */
const MAX_GUEST_SCRIPT_BYTES = 44 * 1024;

/**
 * Deflate looks back 32 kB and the program is longer, so files that say the same things travel side by side. Any order
 * runs; this one is the shortest that was found.
 */
const NEIGHBOURS =
  "wire admission supernode superlink tunnel gateway ends wireguard netlink context link tools guest guard agent flower flower-1 process flower_options".split(
    " ",
  );
const placeOf = (name: string): number => NEIGHBOURS.indexOf(name.split(".")[0] ?? "");

const SOURCE = /^[a-z0-9._-]+\.(py|txt|sh)$/;
/** What the shell reads; the program follows its last line. */
const WRAPPER = "wrapper.sh";

/** @throws Error when a file cannot be read, RangeError when the agent has grown too large to travel. */
export async function readGuestScript(directory: string): Promise<GuestScript> {
  const names = (await readdir(directory)).filter((name) => SOURCE.test(name));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(directory, name), "utf8")] as const),
  );
  return packGuestScript(Object.fromEntries(files));
}

/**
 * Packs the files of the agent, by name. They travel without comments, docstrings and type annotations and with narrow
 * indents, but line for line, so that what runs in a VM can be held against the sources. The same files give the same bytes
 * on one version of Node.
 */
function packGuestScript(files: Readonly<Record<string, string>>): GuestScript {
  const names = Object.keys(files).sort();
  if (files[WRAPPER] === undefined) throw new RangeError(`The guest's program has no ${WRAPPER}.`);
  const sha256 = digestOf(names.map((name) => `${digestOf(files[name] ?? "")}  ${name}\n`).join(""));
  const program = names
    .filter((name) => name !== WRAPPER)
    .sort((one, other) => placeOf(one) - placeOf(other))
    .map((name) => `${name}\n${forTravel(name, files[name] ?? "")}`)
    .join("\0");
  const packed = deflateSync(program, { level: 9, memLevel: 7 });
  const base64 = Buffer.concat([Buffer.from(files[WRAPPER]), packed]).toString("base64");
  if (base64.length > MAX_GUEST_SCRIPT_BYTES) {
    throw new RangeError(`The guest's program takes ${base64.length} bytes; CONTEXT has ${MAX_GUEST_SCRIPT_BYTES}.`);
  }
  return { base64, sha256 };
}

const TYPE = String.raw`[A-Za-z][\w.]*(?:\[(?:[^[\]\n]|\[[^[\]\n]*\])*\])?`;
const PARAMETER_TYPE = new RegExp(`: ${TYPE}(?: \\| ${TYPE})*(?=[,)]| = )`, "g");

/** By rules that suit our own sources and not all of Python: a test compares what the two parse to. */
function forTravel(name: string, source: string): string {
  if (!name.endsWith(".py")) {
    return source;
  }
  return source
    .replace(/^ *(?:#.*|"""[\s\S]*?""")$/gm, (match) => match.replace(/[^\n]+/g, ""))
    .replace(/ {2}# [^"\n]*$/gm, "")
    .replace(/^( *def .*\))(?: -> [^:\n]+)?:$/gm, (_, head: string) => `${head.replace(PARAMETER_TYPE, "")}:`)
    .replace(/^( *self\.\w+): [^=\n]+ = /gm, "$1 = ")
    .replace(/^(?: {4})+/gm, (indent) => " ".repeat(indent.length / 4));
}

function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

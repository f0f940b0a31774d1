/** The direction of knowledge: which room may know which. Read from the sources, so that no build step can hide it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { suite, test } from "node:test";
import { packageRoot } from "../../src/package-root.ts";

interface Import {
  /** Both relative to src/, or to the checkout for the others; `to` is a package's name when it is not one of ours. */
  readonly from: string;
  readonly to: string;
}

const ROOTS = [
  { folder: join(packageRoot(), "src"), prefix: "" },
  { folder: join(packageRoot(), "packaging"), prefix: "packaging/" },
  { folder: join(packageRoot(), "sandbox"), prefix: "sandbox/" },
];
const FROM = /(?:^|[\s}])from\s+"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g;

const sources = ROOTS.flatMap(({ folder, prefix }) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${prefix}${name.split(sep).join("/")}`),
).sort();

/** Where a file lies in the checkout. */
const placeOf = (file: string): string => (/^(?:packaging|sandbox)\//.test(file) ? file : `src/${file}`);

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(packageRoot(), placeOf(file)), "utf8");
  return [...text.matchAll(FROM)].map(([, named, bare]) => {
    const written = named ?? bare ?? "";
    if (!written.startsWith(".")) return { from: file, to: written };
    const to = normalize(join(dirname(placeOf(file)), written))
      .split(sep)
      .join("/");
    return { from: file, to: to.replace(/^src\//, "") };
  });
}

const imports = sources.flatMap(importsOf);

/** The composition root: the files at the top of src/ that know every adapter. */
const ROOT = new Set(["main.ts", "program.ts", "bot.ts", "runtime.ts", "start-failure.ts", "doctor/examination.ts"]);
/** Small files at the top of src/ that rooms may share; they know nobody. */
const SHARED = ["secret.ts", "concurrency.ts", "log.ts", "durable-directory.ts", "package-root.ts", "command-line.ts"];

/** Room by room, what it may know beside itself. Where rooms lie in a room, the innermost one counts. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  "guest-protocol/": [],
  "federation/model/": ["guest-protocol/"],
  "federation/deciding/": ["federation/model/", "guest-protocol/"],
  "federation/tunnels/": ["federation/model/", "guest-protocol/"],
  "federation/proposing/": ["federation/model/", "federation/deciding/", "federation/tunnels/", "guest-protocol/"],
  "federation/observing/": ["federation/model/", "federation/tunnels/", "federation/proposing/", "guest-protocol/"],
  "federation/running/": ["federation/", "guest-protocol/"],
  "federation/": ["guest-protocol/"],
  "store/": ["federation/", "guest-protocol/", "log.ts", "durable-directory.ts"],
  "rollout/": ["federation/", "guest-protocol/"],
  "opennebula/": ["federation/", "guest-protocol/", "concurrency.ts", "secret.ts", "log.ts"],
  "trust/": ["federation/", "guest-protocol/", "concurrency.ts", "secret.ts", "log.ts", "durable-directory.ts"],
  "slack/blocks/": [
    "federation/",
    "guest-protocol/",
    ...["names", "keys", "card-value", "message", "once-per"].map((one) => `slack/${one}.ts`),
  ],
  "slack/projection/": ["federation/", "guest-protocol/", "slack/blocks/", "slack/"],
  "slack/outbox/": [
    "federation/",
    ...["message", "refusals", "slack-error", "availability"].map((one) => `slack/${one}.ts`),
  ],
  "slack/inbound/": ["federation/", "guest-protocol/", "slack/", "secret.ts"],
  "slack/": ["federation/", "guest-protocol/", "secret.ts", "log.ts"],
  // The one thing of the key store that configuration needs is the form of its key.
  "config/": ["federation/", "guest-protocol/", "secret.ts", "trust/key-store.ts"],
  "health/": ["federation/"],
  // It looks at what the bot will meet through the bot's own adapters, and judges by itself.
  "doctor/": ["federation/", "config/", "slack/", "opennebula/", "rollout/", "store/", "trust/", ...SHARED],
  "manifests/": [
    ...["federation/model/", "federation/ports.ts", "guest-protocol/", "durable-directory.ts", "package-root.ts"],
  ],
  "packaging/": ["package-root.ts"],
  "sandbox/slack/": [],
  "sandbox/zones/": ["guest-protocol/"],
  "sandbox/hypervisor/": ["guest-protocol/", "package-root.ts"],
  "sandbox/as/": ["sandbox/slack/client.ts", "sandbox/slack/control/", "sandbox/zones-file.ts"],
  // The page meets the stand-ins by their control interfaces, and its client meets its server by what they say.
  "sandbox/page/": [
    ...["client.ts", "control/"].map((one) => `sandbox/slack/${one}`),
    ...["client.ts", "control/"].map((one) => `sandbox/zones/${one}`),
    "sandbox/hypervisor/client.ts",
    "sandbox/zones-file.ts",
    "guest-protocol/",
    "package-root.ts",
  ],
  "sandbox/page/client/": [
    "sandbox/page/protocol.ts",
    "sandbox/slack/block-kit/",
    "sandbox/zones-file.ts",
    "guest-protocol/",
  ],
  // What composes the stand-ins meets the bot, like them, only over HTTP.
  "sandbox/": ["guest-protocol/", "package-root.ts"],
};

/** Packages that the pure rooms may use; the others choose their own. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "guest-protocol/": ["zod", "node:crypto", "node:net"],
  "federation/": ["zod"],
};
const DIGEST_ALONE: Import = { from: "federation/model/digest.ts", to: "node:crypto" };

/** The most particular room a file is in. */
const roomOf = (file: string): string | undefined =>
  Object.keys(MAY_KNOW)
    .filter((room) => file.startsWith(room))
    .sort((one, other) => other.length - one.length)[0];

const isOurs = (target: string): boolean => /\.tsx?$/.test(target);

function isForbidden({ from, to }: Import): boolean {
  const room = roomOf(from);
  if (room === undefined) return SHARED.includes(from) && isOurs(to) && !SHARED.includes(to);
  if (!isOurs(to)) {
    const allowed = Object.entries(PACKAGES).find(([pure]) => room.startsWith(pure))?.[1];
    const digest = from === DIGEST_ALONE.from && to === DIGEST_ALONE.to;
    return allowed !== undefined && !allowed.includes(to) && !digest;
  }
  return ![room, ...(MAY_KNOW[room] ?? [])].some((known) => to.startsWith(known));
}

suite("The direction of knowledge", () => {
  test("is kept by every import in src/", () => {
    const broken = imports.filter(isForbidden).map(({ from, to }) => `${placeOf(from)} must not import ${to}.`);
    assert.deepEqual(broken, []);
  });

  test("covers every file: each is in a room, shared, or part of the composition root", () => {
    const homeless = sources.filter((file) => roomOf(file) === undefined && !SHARED.includes(file) && !ROOT.has(file));
    assert.deepEqual(homeless, []);
  });

  test("would be seen to be broken", () => {
    for (const bad of [
      { from: "federation/model/plan.ts", to: "opennebula/zone.ts" },
      { from: "federation/model/plan.ts", to: "node:fs" },
      { from: "federation/model/evolve.ts", to: "node:crypto" },
      { from: "guest-protocol/names.ts", to: "federation/model/plan.ts" },
      { from: "slack/app.ts", to: "opennebula/zone.ts" },
      { from: "rollout/scheduler.ts", to: "opennebula/zone.ts" },
      { from: "sandbox/slack/main.ts", to: "guest-protocol/names.ts" },
      { from: "sandbox/zones/main.ts", to: "opennebula/parse/xml.ts" },
      { from: "sandbox/page/watches.ts", to: "sandbox/zones/oned/zone.ts" },
      { from: "sandbox/page/client/store.ts", to: "sandbox/page/scene.ts" },
      { from: "sandbox/story/story.ts", to: "federation/model/state.ts" },
      { from: "secret.ts", to: "federation/model/plan.ts" },
    ]) {
      assert.ok(isForbidden(bad), `${bad.from} -> ${bad.to}`);
    }
    assert.ok(!isForbidden(DIGEST_ALONE));
    assert.ok(imports.length > 200, "the imports are found at all");
  });

  test("holds the composition root alone to know every adapter", () => {
    const adapters = ["slack/", "opennebula/", "trust/", "store/", "rollout/", "config/"];
    for (const file of sources.filter((name) => !ROOT.has(name))) {
      const room = roomOf(file);
      const known = adapters.filter((adapter) =>
        imports.some(({ from, to }) => from === file && to.startsWith(adapter) && adapter !== room),
      );
      assert.ok(known.length <= 1, `src/${file} knows ${known.join(" and ")}`);
    }
  });
});

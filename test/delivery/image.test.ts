/** The container image, its steps carried out in a clean folder; and the files beside it that operators copy. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { VARIABLES } from "../../src/config/environment.ts";
import { openHealth } from "../../src/health/server.ts";
import { packageRoot } from "../../src/package-root.ts";
import { parseDockerfile } from "./dockerfile.ts";
import { buildImage, variables } from "./image-build.ts";

const read = (name: string): string => readFileSync(join(packageRoot(), name), "utf8");
const stages = parseDockerfile(read("Dockerfile"));
const image = stages.at(-1) ?? assert.fail("no stage");
const textOf = (instruction: string): string =>
  image.steps.find((step) => step.instruction === instruction)?.text ?? assert.fail(instruction);
const command = z.array(z.string());
const HEALTHCHECK = command.parse(JSON.parse(textOf("HEALTHCHECK").replace(/^.*?CMD /, "")));
const manifest = z
  .object({
    version: z.string(),
    license: z.string(),
    description: z.string(),
    scripts: z.object({ start: z.string() }),
  })
  .parse(JSON.parse(read("package.json")));

/** What lies beside the programs. */
const BESIDE = ["LICENSE", "app-manifest.yml", "manifests", "package.json", "zones.example.yml"];

const known = (name: string): boolean => VARIABLES.includes(name) || name === "FLORIST_DOMAIN";

suite("The container image", () => {
  test("comes of its Dockerfile's steps in a clean folder, starts, and holds what it needs and nothing else", () => {
    const place = mkdtempSync(join(tmpdir(), "florist-image-"));
    try {
      const { root, workdir, env } = buildImage(stages, packageRoot(), place);
      const home = join(root, workdir);
      const start = (...args: readonly string[]) => {
        const [program = "", ...rest] = command.parse(JSON.parse(textOf("CMD")));
        assert.equal(program, "node");
        return spawnSync(process.execPath, [...rest, ...args], { cwd: home, encoding: "utf8", env: { ...env } });
      };
      assert.equal(start("--version").stdout.trim(), manifest.version);
      const withoutAnything = start("--check");
      assert.equal(withoutAnything.status, 2);
      assert.match(withoutAnything.stderr, /\/etc\/florist\/zones\.yml cannot be read: there is no such file/);
      const doctor = spawnSync(process.execPath, ["dist/doctor.mjs"], { cwd: home, encoding: "utf8", env: {} });
      assert.match(doctor.stdout, /✗ environment: SLACK_BOT_TOKEN is not set/);
      assert.equal(statSync(join(root, "var/lib/florist")).mode & 0o777, 0o700);
      assert.deepEqual(readdirSync(home).sort(), [...BESIDE, "dist"].sort());
      assert.deepEqual(readdirSync(join(home, "dist")).sort(), ["doctor.mjs", "florist.mjs", "licences.txt"]);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  test("says by its health whether the bot can work, without any other program than node", async () => {
    const [program = "", ...args] = HEALTHCHECK;
    assert.equal(program, "node");
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(args.join(" "))?.[1]);
    assert.equal(port, Number(variables(textOf("ENV"))["FLORIST_HEALTH_PORT"]));
    const health = await openHealth({ host: "127.0.0.1", port: 0 });
    const asked = (at: number): Promise<number | null> => {
      const child = spawn(
        process.execPath,
        args.map((arg) => arg.replace(String(port), String(at))),
      );
      return new Promise((resolve) => child.once("exit", resolve));
    };
    const { port: at } = health;
    assert.equal(await asked(at), 0);
    await health.stop();
    assert.equal(await asked(at), 1);
  });

  test("starts what npm start starts, as nobody special, and reads variables that exist", () => {
    assert.equal(`exec ${command.parse(JSON.parse(textOf("CMD"))).join(" ")}`, manifest.scripts.start);
    assert.equal(textOf("USER"), "node");
    const set = Object.keys(variables(textOf("ENV"))).filter((name) => name !== "NODE_ENV");
    assert.ok(set.length > 3);
    for (const name of set) assert.ok(known(name), name);
  });

  test("is labelled with what the package says of itself", () => {
    const labels = variables(textOf("LABEL"));
    assert.equal(labels["org.opencontainers.image.version"], manifest.version);
    assert.equal(labels["org.opencontainers.image.licenses"], manifest.license);
    assert.equal(labels["org.opencontainers.image.description"], manifest.description);
  });
});

suite("The unit for systemd", () => {
  const unit = read("docs/deploy/florist.service");
  const settings = [...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value] as const);
  const valuesOf = (wanted: string) => settings.filter(([name]) => name === wanted).map(([, value]) => value);

  test("starts what npm start starts, with variables that exist, and not again when the configuration is wrong", () => {
    assert.equal(valuesOf("ExecStart")[0]?.replace("/usr/bin/", "exec "), manifest.scripts.start);
    const names = valuesOf("Environment").map((value) => value.split("=")[0] ?? "");
    assert.ok(names.length > 4);
    for (const name of names.filter((one) => one !== "NODE_ENV")) assert.ok(known(name), name);
    assert.deepEqual(valuesOf("RestartPreventExitStatus"), ["2"]);
  });

  test("gives the bot a directory of its own to write in, and nothing else", () => {
    assert.deepEqual(
      [valuesOf("StateDirectory"), valuesOf("StateDirectoryMode"), valuesOf("ProtectSystem")],
      [["florist"], ["0700"], ["strict"]],
    );
    assert.deepEqual(
      [valuesOf("CapabilityBoundingSet"), valuesOf("NoNewPrivileges"), valuesOf("UMask")],
      [[""], ["yes"], ["0077"]],
    );
    // V8 makes machine code as it goes.
    assert.ok(!unit.includes("MemoryDenyWriteExecute"));
  });
});

suite("The compose file", () => {
  const service = z.object({
    environment: z.record(z.string(), z.string()),
    secrets: z.array(z.string()).default([]),
    volumes: z.array(z.string()),
    read_only: z.boolean().default(false),
  });
  const compose = z
    .object({
      services: z.object({ florist: service, proxy: service }),
      secrets: z.record(z.string(), z.object({ file: z.string() })),
      volumes: z.record(z.string(), z.unknown()),
    })
    .parse(parse(read("docs/deploy/compose.yml")));
  const { florist, proxy } = compose.services;

  test("names variables that exist, and gives every secret as a file", () => {
    for (const [name, value] of [...Object.entries(florist.environment), ...Object.entries(proxy.environment)]) {
      assert.ok(known(name), name);
      if (!name.endsWith("_FILE")) continue;
      const secret = value.replace("/run/secrets/", "");
      assert.ok(florist.secrets.includes(secret), secret);
    }
    assert.deepEqual([...florist.secrets].sort(), Object.keys(compose.secrets).sort());
  });

  test("keeps the data on the volume that the image has, and lets nothing else be written", () => {
    assert.ok(florist.volumes.includes(`florist-data:${textOf("VOLUME")}`));
    assert.ok("florist-data" in compose.volumes);
    assert.ok(florist.read_only);
  });

  test("sends Slack's requests through TLS to the port that the bot listens on", () => {
    assert.match(
      read("docs/deploy/Caddyfile"),
      new RegExp(`handle /slack/events \\{\\s+reverse_proxy florist:${textOf("EXPOSE")}\\s`),
    );
  });
});

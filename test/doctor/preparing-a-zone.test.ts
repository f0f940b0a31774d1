/** The page for zones' administrators, followed by its own commands: afterwards the bot finds nothing to complain of. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { passwordVariable } from "../../sandbox/zones-file.ts";
import { packageRoot } from "../../src/package-root.ts";
import { visit } from "./clinic.ts";

const TOOLS = [
  "onegroup",
  "oneuser",
  "onevdc",
  "oneacl",
  "onemarketapp",
  "onetemplate",
  "oneimage",
  "onevnet",
  "onevm",
];
const execute = promisify(execFile);

/** A zone as it comes: nobody but its administrator, an image from the marketplace, a network of the administrator's. */
const FRESH = {
  groups: [],
  users: [{ name: "oneadmin", password: "oneadmin-of-zone-a", groups: ["oneadmin"] }],
  images: [{ name: "Ubuntu 24.04", group: "oneadmin", permissions: "600" }],
  vmTemplates: [],
};

async function followed(
  page: string,
  folder: string,
  addresses: { xmlrpc: string; oneflow?: string },
): Promise<string> {
  const script = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join("\n");
  for (const tool of TOOLS) {
    const program = join(import.meta.dirname, "one-command.js");
    await writeFile(join(folder, tool), `#!/bin/sh\nexec "${process.execPath}" "${program}" ${tool} "$@"\n`);
    await chmod(join(folder, tool), 0o755);
  }
  await writeFile(join(folder, "one_auth"), "oneadmin:oneadmin-of-zone-a\n");
  // The stand-in is reached without a proxy of this machine's.
  const env = {
    ...process.env,
    PATH: `${folder}:${process.env["PATH"]}`,
    ONE_XMLRPC: addresses.xmlrpc,
    ONEFLOW_URL: addresses.oneflow ?? "",
    ONE_AUTH: join(folder, "one_auth"),
    no_proxy: "*",
  };
  const { stdout } = await execute("/bin/sh", ["-euc", script], { cwd: folder, env });
  return stdout;
}

/** What the doctor says of a fresh zone once its administrator has typed the page's commands, and what the commands said. */
async function prepared(context: TestContext, change: (page: string) => string = (page) => page) {
  const folder = await mkdtemp(join(tmpdir(), "florist-zone-"));
  context.after(() => rm(folder, { recursive: true }));
  const page = change(await readFile(join(packageRoot(), "docs/preparing-a-zone.md"), "utf8"));
  let said = "";
  const { report } = await visit({
    before: ({ zones: [fresh = {}] }) => {
      const networks = (fresh.networks ?? []).map((network) => ({ ...network, group: "oneadmin", permissions: "600" }));
      Object.assign(fresh, { ...FRESH, networks, startIds: {} });
    },
    running: async ({ file, environment }) => {
      const zone = file.zones["zone-a"];
      assert.ok(zone);
      said = await followed(page, folder, zone);
      environment[passwordVariable("zone-a")] = (await readFile(join(folder, "florist.password"), "utf8")).trim();
    },
  });
  return { said, checks: report.checks };
}

suite("Preparing a zone", () => {
  test("by the page's own commands leaves nothing for the doctor to say of it", async (context) => {
    const { said, checks } = await prepared(context);
    assert.match(said, /\d Flower SuperNode 1\.31\.0\n\d Flower SuperLink 1\.31\.0\n\d Ubuntu 24\.04\n/);
    assert.match(said, /OneFlow takes the account/);
    assert.deepEqual(
      checks.filter(({ verdict }) => verdict !== "ok"),
      [],
    );
    // Clusters and the marketplace the stand-in knows nothing of.
    const skipped = [...said.matchAll(/not modelled: (.*)/g)].map(([, command]) => command);
    const vdc = ["create", "addgroup", "addcluster", "delgroup"].map((verb) => `onevdc ${verb}`);
    assert.deepEqual(skipped, [...vdc, "onemarketapp export"]);
  });

  test("is found wanting where a step was left out", async (context) => {
    const { checks } = await prepared(context, (page) => page.slice(0, page.indexOf("## 4.")));
    const wrong = checks.filter(({ verdict, subject }) => verdict === "fault" && subject === "zone-a");
    assert.ok(
      wrong.some(({ code }) => code === "zone-templates"),
      JSON.stringify(wrong),
    );
  });
});

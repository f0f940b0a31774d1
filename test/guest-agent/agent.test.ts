import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inflateSync } from "node:zlib";
import { readGuestScript } from "../../src/manifests/guest-script.ts";

const SOURCES = join(process.cwd(), "manifests", "guest");
const TESTS = join(process.cwd(), "test", "guest-agent");
const folder = mkdtempSync(join(tmpdir(), "florist-agent-"));

before(() => {
  const version = python("import sys; print(sys.version_info >= (3, 11))");
  assert.equal(version.trim(), "True", "The guests' agent is tested with Python 3.11 or later, which is missing here.");
});
after(() => rmSync(folder, { recursive: true, force: true }));

function python(program: string, ...given: readonly string[]): string {
  const done = spawnSync("python3", ["-B", "-c", program, ...given], { encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

test("the agent fits into 44 kB of CONTEXT, and the same sources give the same script", async () => {
  const [first, second] = [await readGuestScript(SOURCES), await readGuestScript(SOURCES)];
  assert.deepEqual(first, second);
  assert.ok(first.base64.length <= 44 * 1024);
});

test("what travels parses to the same program as the sources, comments, docstrings and annotations apart", async () => {
  const script = Buffer.from((await readGuestScript(SOURCES)).base64, "base64");
  const program = inflateSync(script.subarray(script.indexOf("\nPROGRAM\n") + 9)).toString("utf8");
  const travelled = join(folder, "program");
  cpSync(SOURCES, travelled, { recursive: true });
  const files = program
    .split("\0")
    .map((file) => [file.slice(0, file.indexOf("\n")), file.slice(file.indexOf("\n") + 1)]);
  for (const [name, text] of files) {
    writeFileSync(join(travelled, name ?? ""), text ?? "");
  }
  assert.ok(files.length > 10);
  const compare = `
import ast, pathlib, sys
def tree(path):
    found = ast.parse(path.read_text())
    for node in ast.walk(found):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        for at, one in enumerate(body if isinstance(body, list) else []):
            if isinstance(one, ast.AnnAssign) and one.value and isinstance(one.target, ast.Attribute):
                body[at] = ast.Assign([one.target], one.value)
    return ast.dump(found)
for path in pathlib.Path(sys.argv[1]).glob("*.py"):
    assert tree(path) == tree(pathlib.Path(sys.argv[2]) / path.name), path.name
print("same")`;
  assert.equal(python(compare, SOURCES, travelled).trim(), "same");
});

test("each chapter of the agent keeps its own promises", (t) => {
  const environment = { ...process.env, PYTHONPATH: SOURCES, PYTHONDONTWRITEBYTECODE: "1" };
  const done = spawnSync("python3", ["-m", "unittest", "discover", "-s", TESTS, "-p", "test_*.py"], {
    encoding: "utf8",
    env: environment,
  });
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /Ran [1-9][0-9]* tests/);
  const skipped = /skipped=\d+/.exec(done.stderr)?.[0];
  if (skipped !== undefined) t.diagnostic(`${skipped}: how processes of other users are supervised only root can test`);
  assert.ok(skipped === undefined || process.env["CI"] !== "true", "Under CI nothing is left out.");
});

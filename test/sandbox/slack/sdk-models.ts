/** What Slack's own SDK says of messages and views: the second opinion beside the stand-in's rules. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { packageRoot } from "../../../src/package-root.ts";
import { pythonWithBolt } from "./python.ts";

/** Blocks of a message, or a whole view. */
export type Shown = { readonly blocks: unknown } | { readonly view: unknown };

/** One line for each of them that the SDK's models refuse, with its place among them. */
export async function complaintsOfSdk(shown: readonly Shown[]): Promise<readonly string[]> {
  const script = join(packageRoot(), "test", "sandbox", "slack", "models.py");
  const models = spawn(await pythonWithBolt(), [script], { stdio: ["pipe", "pipe", "inherit"] });
  models.stdin.end(shown.map((each) => `${JSON.stringify(each)}\n`).join(""));
  const [said, [code]] = await Promise.all([text(models.stdout), once(models, "exit")]);
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return said.split("\n").filter((line) => line !== "");
}

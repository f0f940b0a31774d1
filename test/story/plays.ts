/** Plays as `--play` plays them, held to every check that they make on their way. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "../../sandbox/main.js");

/**
 * @returns all that it printed
 * @throws with that, where a check did not hold or it did not come to its end
 */
export async function playedWhole(play: (print: (line: string) => void) => Promise<boolean>): Promise<string> {
  const lines: string[] = [];
  try {
    const held = await play((line) => lines.push(line));
    assert.ok(held, "a check did not hold");
  } catch (cause) {
    throw new Error(`The play did not hold. It printed:\n${lines.join("\n")}`, { cause });
  }
  return lines.join("\n");
}

/** What the program says of a play with these options, which it must refuse. */
export const refusalOf = (...options: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, "--play", ...options], (error, _out, said) =>
      error === null ? reject(new Error("It played.")) : resolve(said.trim()),
    );
  });

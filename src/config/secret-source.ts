/** Secrets come from the environment or from files that only their owner can read, never from the zones file. */
import { Secret } from "../secret.ts";
import type { ReadFile } from "./file-reader.ts";
import type { Reading } from "./shape.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a variable says; an empty one counts as absent, as most process managers cannot unset. */
export const variable = (environment: Environment, name: string): string | undefined => environment[name] || undefined;

export function secretFromFile(readFile: ReadFile, path: string): Reading<Secret> {
  const file = readFile(path);
  if (!file.ok) return { ok: false, problem: `names the file ${path}, which ${file.problem}`, remedy: MAKE_FILE };
  if (file.openToOthers) {
    return {
      ok: false,
      problem: `names the file ${path}, which others can read or change`,
      remedy: `Let only its owner read it: \`chmod 600 ${path}\`.`,
    };
  }
  // Editors and `echo` end a file with a line feed, which is no part of the secret.
  return usable(file.text.replace(/\r?\n$/, ""), `names the file ${path}, which`);
}

export function secretFromVariable(environment: Environment, name: string): Reading<Secret> {
  const value = variable(environment, name);
  if (value === undefined) {
    return {
      ok: false,
      problem: `names the environment variable ${name}, which is not set`,
      remedy: `Set ${name} for the bot's process, or use \`{file: path}\`.`,
    };
  }
  return usable(value, `names the environment variable ${name}, which`);
}

const MAKE_FILE = "Put the secret alone into that file, readable by the bot's user only (mode 600).";

/** Whether text can be sent as a secret at all: a line feed or another control character in it is a slip of the hand. */
function usable(value: string, subject: string): Reading<Secret> {
  if (value.trim() === "") return { ok: false, problem: `${subject} is empty`, remedy: MAKE_FILE };
  if (/\p{Cc}/u.test(value)) {
    return {
      ok: false,
      problem: `${subject} holds more than one line or a control character`,
      remedy: "Keep the secret alone on one line.",
    };
  }
  return { ok: true, value: new Secret(value) };
}

/** Secrets come from the environment or from files that only their owner can read, never from the zones file. */
import { Secret } from "../secret.ts";
import type { ReadFile } from "./file-reader.ts";
import type { Reading } from "./shape.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a variable says; an empty one counts as absent, as most process managers cannot unset. */
export const variable = (environment: Environment, name: string): string | undefined => environment[name] || undefined;

export function secretFromFile(readFile: ReadFile, path: string): Reading<Secret> {
  const file = readFile(path);
  if (!file.ok) {
    return { ok: false, problem: `names the file ${path}, which ${file.problem}`, remedy: file.remedy ?? MAKE_FILE };
  }
  if (file.openToOthers) {
    return {
      ok: false,
      problem: `names the file ${path}, which others can read or change`,
      remedy: `Let only its owner read it: \`chmod 600 ${path}\`.`,
    };
  }
  // Editors begin a file with a byte order mark, and `echo` ends it with a line feed: neither is part of the secret.
  return usable(file.text.replace(/^\uFEFF/, "").replace(/\r?\n$/, ""), `names the file ${path}, which`);
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

const MAKE_FILE = "Put the secret alone into that file, as UTF-8 text, readable by the bot's user only (mode 600).";

/** No secret that the bot knows of comes near it, and texts are searched for secrets. */
const LONGEST = 1024;

interface Slip {
  readonly found: RegExp;
  readonly problem: string;
  readonly remedy: string;
}

const INVISIBLE = "Type the secret anew: what is not seen was copied along with it.";
const ENCODING = "Save it anew as UTF-8 without byte order mark.";

/** What nobody types into a secret on purpose: sent all the same, it would be refused as a wrong one, with nothing to be seen. */
const SLIPS: readonly Slip[] = [
  { found: /^\uFEFF/u, problem: "begins with a byte order mark", remedy: ENCODING },
  {
    found: /\p{Cc}/u,
    problem: "holds more than one line or a control character",
    remedy: "Keep the secret alone on one line.",
  },
  { found: /\uFFFD/u, problem: "holds a character that was damaged by another encoding", remedy: ENCODING },
  {
    found: /[\p{Cs}\p{Noncharacter_Code_Point}]/u,
    problem: "holds a character that XML cannot carry",
    remedy: "Give the bot another secret, without that character.",
  },
  {
    found: /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u,
    problem: "holds an invisible character",
    remedy: INVISIBLE,
  },
  { found: /^ | $/u, problem: "begins or ends with a blank", remedy: INVISIBLE },
];

/** Whether text can be sent as a secret at all. What is said of it never holds any of it. */
function usable(value: string, subject: string): Reading<Secret> {
  if (value.trim() === "") return { ok: false, problem: `${subject} is empty`, remedy: MAKE_FILE };
  if (value.length > LONGEST) {
    return { ok: false, problem: `${subject} is longer than ${LONGEST} characters`, remedy: MAKE_FILE };
  }
  const slip = SLIPS.find(({ found }) => found.test(value));
  return slip === undefined
    ? { ok: true, value: new Secret(value) }
    : { ok: false, problem: `${subject} ${slip.problem}`, remedy: slip.remedy };
}

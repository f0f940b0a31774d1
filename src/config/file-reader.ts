import { readFileSync, statSync } from "node:fs";

export type FileRead =
  | {
      readonly ok: true;
      readonly text: string;
      /** Whether others than its owner may read or write it; false where files have no such rights. */
      readonly openToOthers: boolean;
    }
  | {
      readonly ok: false;
      readonly problem: string;
      /** Where it is another than for a file that is not there. */
      readonly remedy?: string;
    };

export type ReadFile = (path: string) => FileRead;

/** A byte order mark is kept, for whoever reads the text to judge. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decoded(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Read once at start, so that waiting for the disk harms nobody. Text in another encoding than UTF-8 is not guessed at. */
export const readFileFromDisk: ReadFile = (path) => {
  try {
    const openToOthers = process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0;
    const text = decoded(readFileSync(path));
    return text === undefined
      ? {
          ok: false,
          problem: "is no UTF-8 text: it was saved in another encoding",
          remedy: "Save it anew as UTF-8; editors offer that as the encoding.",
        }
      : { ok: true, text, openToOthers };
  } catch (error) {
    return unreadable(error instanceof Error && "code" in error ? String(error.code) : String(error));
  }
};

function unreadable(code: string): FileRead {
  switch (code) {
    case "ENOENT":
      return { ok: false, problem: "cannot be read: there is no such file" };
    case "EISDIR":
      return { ok: false, problem: "cannot be read: it is a folder" };
    case "EACCES":
    case "EPERM":
      return {
        ok: false,
        problem: "cannot be read: the bot's user may not",
        remedy: "Let the user that the bot runs as read it.",
      };
    default:
      return { ok: false, problem: `cannot be read (${code})` };
  }
}

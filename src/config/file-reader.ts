import { readFileSync, statSync } from "node:fs";

export type FileRead =
  | {
      readonly ok: true;
      readonly text: string;
      /** Whether others than its owner may read or write it; false where files have no such rights. */
      readonly openToOthers: boolean;
    }
  | { readonly ok: false; readonly problem: string };

export type ReadFile = (path: string) => FileRead;

/** Read once at start, so that waiting for the disk harms nobody. */
export const readFileFromDisk: ReadFile = (path) => {
  try {
    const openToOthers = process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0;
    return { ok: true, text: readFileSync(path, "utf8"), openToOthers };
  } catch (error) {
    return { ok: false, problem: `cannot be read (${error instanceof Error ? error.message : String(error)})` };
  }
};

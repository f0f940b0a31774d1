/** What the data directory is like, seen without making or changing anything. */
import { access, constants, stat } from "node:fs/promises";
import { isLocked, LONGEST_DIRECTORY } from "../store/process-lock.ts";
import type { DirectoryFacts } from "./data-checks.ts";

export async function lookAtDirectory(path: string): Promise<DirectoryFacts> {
  const facts = { path, isOpenToOthers: false, isInUse: false, longestPath: LONGEST_DIRECTORY };
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return { ...facts, state: "no-directory" };
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const isOpenToOthers = process.platform !== "win32" && (found.mode & 0o077) !== 0;
    return { ...facts, state: "there", isOpenToOthers, isInUse: await isLocked(path) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return { ...facts, state: "missing" };
    if (code === "ENOTDIR") return { ...facts, state: "no-directory" };
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") return { ...facts, state: "no-access" };
    throw error;
  }
}

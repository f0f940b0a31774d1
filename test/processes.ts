/**
 * Which test files share a process. One costs half a second of work before its first test, most of it for modules that
 * its neighbours need too: the files of one room are read by one process, one after another.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** They start programs and wait for them most of their time, each beside others. */
export const STORIES = ["faults/", "story/", "rollout/scheduler"];

/** Each of these files has a process of its own. */
const ALONE = [...STORIES, "real/"];

/** Rooms with few or quick tests. */
const SMALL = ["architecture", "config", "guest-protocol", "manifests", "rollout", "store", "wire"];

/** A hook outside of any suite is one of the process: it would run before or after the tests of every file in it. */
const HOOK_OF_THE_PROCESS = /^(?:before|after)(?:Each)?\(/m;

/** What one process reads: a file of tests, or one that names several. */
export interface Reading {
  /** What to give to node's runner. */
  readonly file: string;
  /** The files whose tests it brings. */
  readonly holds: readonly string[];
}

/**
 * @param folder where the compiled tests are; `names` are below it
 * @param place a folder for the files that name several
 */
export function readingsOf(folder: string, names: readonly string[], place: string): readonly Reading[] {
  const rooms = new Map<string, string[]>();
  for (const name of names) {
    const room = standsAlone(folder, name) ? name : roomOf(name);
    rooms.set(room, [...(rooms.get(room) ?? []), name]);
  }
  return [...rooms].map(([room, members]): Reading => {
    const holds = members.map((name) => join(folder, name));
    const [only = ""] = holds;
    if (holds.length < 2) return { file: only, holds };
    const file = join(place, `${room.replaceAll("/", "-")}.mjs`);
    writeFileSync(file, holds.map((path) => `import ${JSON.stringify(pathToFileURL(path).href)};\n`).join(""));
    return { file, holds };
  });
}

const standsAlone = (folder: string, name: string): boolean =>
  ALONE.some((place) => name.startsWith(place)) || HOOK_OF_THE_PROCESS.test(readFileSync(join(folder, name), "utf8"));

function roomOf(name: string): string {
  const [room = "", inner = ""] = name.split("/");
  if (room.endsWith(".js") || SMALL.includes(room)) return "small";
  return room === "sandbox" && !inner.endsWith(".js") ? `${room}/${inner}` : room;
}

/**
 * Which test files share a process. One costs half a second of work before its first test, most of it for modules that
 * its neighbours need too, and what has run once is quick from then on: the files of one room are read by one process,
 * one after another, and stories by a few that take turns.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** They start programs and wait for them most of their time, each beside others. */
const STORIES = ["faults/", "story/", "rollout/scheduler"];

/** Each of these files has a process of its own. */
const ALONE = ["real/"];

/** Rooms with few or quick tests. */
const SMALL = ["architecture", "config", "guest-protocol", "manifests", "rollout", "store", "wire"];

/** A hook outside of any suite is one of the process, unless the file is read as a suite of its own. */
const HOOK_OF_THE_PROCESS = /^(?:before|after)(?:Each)?\(/m;

/** What one process reads: a file of tests, or one that names several. */
export interface Reading {
  /** What to give to node's runner. */
  readonly file: string;
  /** The files whose tests it brings, if nobody before it did. */
  readonly holds: readonly string[];
}

export interface Shelf {
  /** Where the compiled tests are; `names` are below it. */
  readonly folder: string;
  readonly names: readonly string[];
  /** A folder for the files that name several. */
  readonly place: string;
  /** How many processes take turns at the stories; without it each story has one to itself. */
  readonly tellers?: number;
}

/** In the order of `names`; stories that are told in turns come first. */
export function readingsOf(shelf: Shelf): readonly Reading[] {
  const stories = shelf.tellers === undefined ? [] : shelf.names.filter(isStory);
  const rooms = new Map<string, string[]>();
  for (const name of shelf.names.filter((one) => !stories.includes(one))) {
    const room = isStory(name) || isIn(name, ALONE) ? name : roomOf(name);
    rooms.set(room, [...(rooms.get(room) ?? []), name]);
  }
  return [...tellersOf(shelf, stories), ...[...rooms].map(([room, names]) => readingOf(shelf, room, names))];
}

const isIn = (name: string, places: readonly string[]): boolean => places.some((place) => name.startsWith(place));
export const isStory = (name: string): boolean => isIn(name, STORIES);

function tellersOf({ folder, place, tellers = 0 }: Shelf, names: readonly string[]): readonly Reading[] {
  if (names.length === 0) return [];
  const holds = names.map((name) => join(folder, name));
  const claims = mkdtempSync(join(place, "claims-"));
  return Array.from({ length: Math.min(tellers, names.length) }, (_, at) => {
    const file = join(place, `stories-${at + 1}.mjs`);
    const files = holds.map((path, index) => ({ name: names[index] ?? path, path }));
    writeFileSync(file, `${importOf("readInTurns")}await readInTurns(${json(files)}, ${json(claims)});\n`);
    return { file, holds };
  });
}

function readingOf({ folder, place }: Shelf, room: string, names: readonly string[]): Reading {
  const holds = names.map((name) => join(folder, name));
  const [only = ""] = holds;
  if (holds.length < 2) return { file: only, holds };
  const file = join(place, `${room.replaceAll("/", "-")}.mjs`);
  const lines = names.map((name) => {
    const path = join(folder, name);
    const hasHook = HOOK_OF_THE_PROCESS.test(readFileSync(path, "utf8"));
    return hasHook ? `await readAlone(${json(name)}, ${json(path)});\n` : `import ${json(pathToFileURL(path).href)};\n`;
  });
  writeFileSync(file, importOf("readAlone") + lines.join(""));
  return { file, holds };
}

const importOf = (what: string): string =>
  `import { ${what} } from ${json(new URL("telling.js", import.meta.url).href)};\n`;
const json = (value: unknown): string => JSON.stringify(value);

function roomOf(name: string): string {
  const [room = "", inner = ""] = name.split("/");
  if (room.endsWith(".js") || SMALL.includes(room)) return "small";
  return room === "sandbox" && !inner.endsWith(".js") ? `${room}/${inner}` : room;
}

/**
 * Compiled files that no source is left of. The compiler writes what has changed and removes nothing, so that programs
 * that run from there go on.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** @returns names below `compiled` whose source is not below `sources` any more */
export const leftovers = (sources: string, compiled: string): readonly string[] =>
  readdirSync(compiled, { recursive: true, encoding: "utf8" }).filter((name) => {
    const source = /^(.+)\.js(?:\.map)?$/.exec(name)?.[1];
    return source !== undefined && ![".ts", ".tsx"].some((ending) => existsSync(join(sources, source + ending)));
  });

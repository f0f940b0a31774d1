/** The licences of other people's packages, which go where their code goes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const manifest = z.object({ name: z.string(), version: z.string(), license: z.string().min(1) });
const NOTICE = /^(?:licen[cs]e|copying|notice)/i;

/** The folders of the packages that files belong to; all relative to the checkout. */
export function packagesIn(files: readonly string[]): readonly string[] {
  const folders = files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/**
 * A part for each package: its name, its version, its licence's short name, and the text where it brings one. Throws where
 * a package names no licence: its code must not ship.
 */
export function licences(root: string, packages: readonly string[]): string {
  const parts = packages.map((folder) => {
    const read = (file: string): string => readFileSync(join(root, folder, file), "utf8");
    const said = manifest.safeParse(JSON.parse(read("package.json")));
    if (!said.success)
      throw new Error(`${folder}/package.json names no licence. Take another package, or ask its author.`);
    const { name, version, license } = said.data;
    const texts = readdirSync(join(root, folder))
      .filter((file) => NOTICE.test(file))
      .sort()
      .map((file) => read(file).trim());
    return [`${name} ${version}: ${license}`, ...texts].join("\n\n");
  });
  return `${[...new Set(parts)].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/**
 * The programs that ship, each one file with all that it needs of its packages: a thousand modules take thrice as long to
 * load as one file, and whoever runs it needs Node.js alone.
 */
import { basename } from "node:path";
import { build } from "esbuild";
import { licences, packagesIn } from "./licences.ts";

/** By what they are called in `dist`. */
const PROGRAMS = { florist: "src/main.ts", doctor: "src/doctor/main.ts", "agent-pack": "src/manifests/pack.ts" };
/** What package.json allows at least. */
const TARGET = "node20.19";
/** Packages of the older module system ask for Node's own modules while they run. */
const REQUIRE = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;

/** A file of `dist`. */
export interface Shipped {
  readonly name: string;
  readonly contents: Uint8Array;
}

/** The programs, a source map for each, and the licences of the packages in them. `root`: of the checkout. */
export async function programs(root: string): Promise<readonly Shipped[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: PROGRAMS,
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: TARGET,
    banner: { js: REQUIRE },
    // For NODE_OPTIONS=--enable-source-maps; the sources are not part of them.
    sourcemap: "linked",
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const files = outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
  const notices = licences(root, packagesIn(Object.keys(metafile.inputs)));
  return [...files, { name: "licences.txt", contents: Buffer.from(notices) }];
}

/**
 * Builds the page's client, and only if something it is made of has changed since: the result lies in a cache, and is
 * copied from there to where the page's server reads it.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { packageRoot } from "../../../src/package-root.ts";

const root = packageRoot();
const source = join(root, "sandbox/page/client");
const cache = join(root, "node_modules/.cache/florist-page");
const target = join(import.meta.dirname, "..", "client");

/** What the client is made of: its own files, what it shares with the server and the stand-ins, and its packages. */
const MADE_OF = ["sandbox/page", "sandbox/slack", "src/guest-protocol"].map((folder) => join(root, folder));

function digest(): string {
  const hash = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  for (const folder of MADE_OF) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
      if (/\.(tsx?|css|html|svg|json)$/.test(name)) hash.update(`\n${name}\n`).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex");
}

/** zod brings its sentences in fifty languages, and the page shows none of them. */
const englishAlone: Plugin = {
  name: "english-alone",
  setup(build) {
    build.onResolve({ filter: /\/locales\/index\.js$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path, "..", "en.js"),
    }));
  },
};

async function bundle(folder: string): Promise<void> {
  const half = `${folder}.${process.pid}`;
  await build({
    absWorkingDir: root,
    entryPoints: [join(source, "main.tsx"), join(source, "style.css")],
    outdir: half,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    // From the packages, under names that stay the same.
    plugins: [englishAlone],
    loader: { ".woff2": "file" },
    assetNames: "[name]",
    legalComments: "none",
    logLevel: "warning",
  });
  for (const name of ["index.html", "icon.svg"]) cpSync(join(source, name), join(half, name));
  rmSync(folder, { recursive: true, force: true });
  renameSync(half, folder);
}

const now = digest();
const made = join(cache, now);
/** Beside the page, it says which one that is. */
const mark = join(target, "bundle.digest");
if (!existsSync(made)) {
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  await bundle(made);
}
if (!existsSync(mark) || readFileSync(mark, "utf8") !== now) {
  cpSync(made, target, { recursive: true });
  writeFileSync(mark, now);
}

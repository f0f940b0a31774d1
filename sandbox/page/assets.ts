/** The page's files as the build left them, read once. */
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";

export interface Asset {
  readonly type: string;
  readonly content: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** @returns files by the path under which they are served; `index.html` also as `/` */
export async function readAssets(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const names = (await readdir(folder)).filter((name) => extname(name) in TYPES);
  const assets = new Map<string, Asset>();
  for (const name of names) {
    const asset = { type: TYPES[extname(name)] ?? "", content: await readFile(join(folder, name)) };
    assets.set(`/${name}`, asset);
    if (name === "index.html") assets.set("/", asset);
  }
  return assets;
}

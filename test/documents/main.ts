/** `npm run documents`: writes the files that are made from the code. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/package-root.ts";
import { PAGES } from "./pages.ts";

for (const [path, make] of PAGES) writeFileSync(join(packageRoot(), path), make());

/** `npm run agent:pack -- FILE`: writes what a VM is given as START_SCRIPT_BASE64, byte for byte, to compare with. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";
import { readGuestScript } from "./guest-script.ts";

const [file, ...more] = process.argv.slice(2);

if (file === undefined || more.length > 0) {
  console.error("Say where to: npm run agent:pack -- FILE");
  process.exitCode = 2;
} else {
  const { base64, sha256 } = await readGuestScript(join(packageRoot(), "manifests", "guest"));
  await writeFile(file, base64);
  console.log(
    `${file}: ${base64.length} bytes, packed by Node.js ${process.version}. The approval card says ${sha256}.`,
  );
}

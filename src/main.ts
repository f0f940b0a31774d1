import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HELP, readCommandLine } from "./command-line.ts";
import { packageRoot } from "./package-root.ts";
import { checkConfiguration, runProgram } from "./program.ts";

const wanted = readCommandLine(process.argv.slice(2));
switch (wanted.kind) {
  case "run":
    await runProgram();
    break;
  case "check":
    await checkConfiguration();
    break;
  case "version":
    console.log(JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version);
    break;
  case "help":
    console.log(HELP);
    break;
  case "mistake":
    console.error(wanted.sentence);
    process.exitCode = 2;
}

/** `npm run doctor`: says what is right and what is not, and ends. */
import { parseArgs } from "node:util";
import { readFileFromDisk } from "../config/file-reader.ts";
import { examine } from "./examination.ts";
import { EXIT_CODE, textOf } from "./report.ts";

const HELP = `Looks whether florist can be used: configuration, data directory and key, Slack, zones, clocks. Changes nothing.

  npm run --silent doctor [-- OPTION]

  (none)       a line for each thing that was looked at, with what to do below it
  --json       the same for programs; docs/operating.md tells its shape
  --help       this text

It ends with 0 when all is right (warnings may be among it), with 1 when something will not work, with 2 when the
configuration or an option is wrong, and with 3 when nothing is known to be wrong but something could not be looked at.`;

function wantedOf(args: readonly string[]): "text" | "json" | "help" | null {
  try {
    const options = { json: { type: "boolean" }, help: { type: "boolean" } } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help === true) return "help";
    return values.json === true ? "json" : "text";
  } catch {
    return null;
  }
}

const wanted = wantedOf(process.argv.slice(2));
switch (wanted) {
  case "help":
    console.log(HELP);
    break;
  case null:
    console.error("There is no such option. --help lists what there is.");
    process.exitCode = 2;
    break;
  default: {
    const report = await examine({ environment: process.env, readFile: readFileFromDisk });
    console.log(wanted === "json" ? JSON.stringify(report, null, 2) : textOf(report));
    process.exitCode = EXIT_CODE[report.outcome];
  }
}

/**
 * The bot that ships, except that it ends itself by SIGKILL at every checkpoint it reaches for the first time.
 * Arguments: a file that lists the checkpoints at which it has died, which outlives the process, and a pattern of
 * those at which it is to die.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { runProgram } from "../../src/program.ts";

const [, , deaths = "", pattern = ".*"] = process.argv;
const mortal = new RegExp(pattern);
const died = new Set(existsSync(deaths) ? readFileSync(deaths, "utf8").split("\n") : []);

await runProgram((point, detail) => {
  // A form that is sent again founds another federation: its id would make every death the first of its kind.
  const here = `${point} ${detail.replace(/^f[a-z0-9]{11} /, "")}`;
  if (died.has(here) || !mortal.test(here)) return;
  died.add(here);
  appendFileSync(deaths, `${here}\n`);
  process.kill(process.pid, "SIGKILL");
});

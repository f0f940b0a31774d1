/**
 * The bot that ships, except that it ends itself by SIGKILL at every checkpoint it reaches for the first time.
 * Arguments: a file that lists the checkpoints at which it has died, which outlives the process, a pattern of those at
 * which it is to die, and how often at most at those that differ in an event's number only.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { runProgram } from "../../src/program.ts";

const [, , deaths = "", pattern = ".*", most = "Infinity"] = process.argv;
const mortal = new RegExp(pattern);
const died = existsSync(deaths) ? readFileSync(deaths, "utf8").split("\n").slice(0, -1) : [];
/** What was appended just before it died last: tried again in another line, it is let through, or it never would be. */
const justAppended = died.at(-1)?.startsWith("journal:after-append") === true ? withoutNumber(died.at(-1) ?? "") : null;

const sameLine = (one: string, other: string): boolean =>
  one.split(" ", 1)[0] === other.split(" ", 1)[0] && withoutNumber(one) === withoutNumber(other);

function withoutNumber(line: string): string {
  return line.replace(/^journal:\S+ \d+ /, "");
}

await runProgram((point, detail) => {
  // A form that is sent again founds another federation: its id would make every death the first of its kind.
  const here = `${point} ${detail.replace(/^f[a-z0-9]{11} /, "")}`;
  if (died.includes(here) || !mortal.test(here) || withoutNumber(here) === justAppended) return;
  if (died.filter((line) => sameLine(line, here)).length >= Number(most)) return;
  died.push(here);
  appendFileSync(deaths, `${here}\n`);
  process.kill(process.pid, "SIGKILL");
});

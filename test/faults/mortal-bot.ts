/**
 * The bot that ships, except that it ends itself by SIGKILL at every checkpoint it reaches for the first time.
 * Arguments: a file that lists the checkpoints at which it has died, which outlives the process, and a pattern of
 * those at which it is to die.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { runProgram } from "../../src/program.ts";

const [, , deaths = "", pattern = ".*"] = process.argv;
const mortal = new RegExp(pattern);
const died = existsSync(deaths) ? readFileSync(deaths, "utf8").split("\n").slice(0, -1) : [];
/** What was appended just before it died last: tried again in another line, it is let through, or it never would be. */
const justAppended = died.at(-1)?.startsWith("journal:after-append") === true ? withoutNumber(died.at(-1) ?? "") : null;

/**
 * Of the same line, which has another number each time. While several sites are made at once, one of them would else
 * always be tried again under a new number, and none ever come further.
 */
const MOST_OF_A_LINE = 3;
const sameLine = (one: string, other: string): boolean =>
  one.split(" ", 1)[0] === other.split(" ", 1)[0] && withoutNumber(one) === withoutNumber(other);

function withoutNumber(line: string): string {
  return line.replace(/^journal:\S+ \d+ /, "");
}

await runProgram((point, detail) => {
  // A form that is sent again founds another federation: its id would make every death the first of its kind.
  const here = `${point} ${detail.replace(/^f[a-z0-9]{11} /, "")}`;
  if (died.includes(here) || !mortal.test(here) || withoutNumber(here) === justAppended) return;
  if (died.filter((line) => sameLine(line, here)).length >= MOST_OF_A_LINE) return;
  died.push(here);
  appendFileSync(deaths, `${here}\n`);
  process.kill(process.pid, "SIGKILL");
});

/** What the program is asked for besides running the bot. */
import { parseArgs } from "node:util";

export type Wanted =
  | { readonly kind: "run" | "check" | "version" | "help" }
  | { readonly kind: "mistake"; readonly sentence: string };

export const HELP = `florist stands up one Flower federation across several organisations' OpenNebula zones, asked for in Slack.

  npm start [-- OPTION]

  (none)       runs the bot until SIGTERM or SIGINT
  --check      reads environment and zones file, says what is wrong with them, and ends; nobody is called
  --version    says which version this is
  --help       this text

\`npm run doctor\` also asks Slack and the zones whether all that is named there is as the bot needs it.

It ends with 0 when all is well, with 2 when its configuration or an option is wrong, and with 1 for any other reason.
docs/configuration.md lists the variables; zones.example.yml explains the zones file.`;

/** `args` are those after the program's name. */
export function readCommandLine(args: readonly string[]): Wanted {
  const known = { check: { type: "boolean" }, version: { type: "boolean" }, help: { type: "boolean" } } as const;
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: known,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const unknown = [
    ...positionals,
    ...tokens.flatMap((token) => (token.kind === "option" && !Object.hasOwn(known, token.name) ? [token.rawName] : [])),
  ];
  const [first] = unknown;
  if (first !== undefined) return mistake(`There is no option ${first}.`);
  const asked = (["help", "version", "check"] as const).filter((name) => values[name] !== undefined);
  const [one, another] = asked;
  if (another !== undefined) return mistake(`--${one} and --${another} cannot be had together.`);
  return { kind: one ?? "run" };
}

const mistake = (sentence: string): Wanted => ({
  kind: "mistake",
  sentence: `${sentence} --help lists what there is.`,
});

/** What can be typed after `/flower` and after the bot's name, and how far somebody has come. */
export interface Suggestion {
  /** The whole text that a choice puts into the composer. */
  readonly text: string;
  readonly shown: string;
  readonly says: string;
  /** Whether nothing is missing after it. */
  readonly whole: boolean;
}

interface Word {
  readonly word: string;
  readonly says: string;
  /** Whether a federation's name may follow. */
  readonly names?: true;
  /** Whether the name must follow. */
  readonly needsName?: true;
}

const COMMANDS: readonly Word[] = [
  { word: "deploy-site", says: "asks for a federation, or adds a site to one", names: true },
  { word: "status", says: "how a federation stands", names: true },
  { word: "zones", says: "the zones, and what they have left" },
  { word: "teardown", says: "asks the owners to remove a federation", names: true, needsName: true },
  { word: "help", says: "what can be asked" },
];
const MENTIONS: readonly Word[] = [
  { word: "status", says: "how a federation stands", names: true },
  { word: "zones", says: "your zones, looked at now" },
  {
    word: "certificate",
    says: "gives the attached certificate of your organisation's own CA",
    names: true,
    needsName: true,
  },
  { word: "whoami", says: "your ids, for the zones file" },
  { word: "help", says: "what can be asked" },
];

export interface Known {
  /** With its slash. */
  readonly command: string;
  readonly bot: string;
  /** Whether this person has the command: only members of the workspace that installed the bot do. */
  readonly hasCommand: boolean;
  readonly federations: readonly string[];
}

export function suggestionsFor(typed: string, known: Known): readonly Suggestion[] {
  const starts = [
    ...(known.hasCommand ? [{ start: known.command, words: COMMANDS, says: "florist's command" }] : []),
    { start: `@${known.bot}`, words: MENTIONS, says: "asks the bot where everybody reads it" },
  ];
  return starts.flatMap(({ start, words, says }) => {
    if (typed !== "" && start.startsWith(typed)) {
      return [{ text: `${start} `, shown: start, says, whole: false }];
    }
    if (!typed.startsWith(`${start} `)) return [];
    const [word = "", name, ...more] = typed.slice(start.length + 1).split(/\s+/);
    if (more.length > 0) return [];
    return name === undefined ? wordsFor(start, word, words) : namesFor(start, word, name, words, known.federations);
  });
}

function wordsFor(start: string, typed: string, words: readonly Word[]): Suggestion[] {
  return words
    .filter(({ word }) => word.startsWith(typed) && word !== typed)
    .map(({ word, says, needsName }) => ({
      text: `${start} ${word}${needsName === true ? " " : ""}`,
      shown: `${start} ${word}`,
      says,
      whole: needsName !== true,
    }));
}

function namesFor(
  start: string,
  word: string,
  typed: string,
  words: readonly Word[],
  names: readonly string[],
): Suggestion[] {
  if (words.find((one) => one.word === word)?.names !== true) return [];
  return names
    .filter((name) => name.startsWith(typed) && name !== typed)
    .map((name) => ({ text: `${start} ${word} ${name}`, shown: name, says: "federation", whole: true }));
}

export type Sent =
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "mention"; readonly text: string }
  | { readonly kind: "message"; readonly text: string };

/** What a text is when it is sent. */
export function sentAs(typed: string, { command, bot }: Pick<Known, "command" | "bot">): Sent {
  const after = (start: string): string | undefined =>
    typed === start || typed.startsWith(`${start} `) ? typed.slice(start.length).trim() : undefined;
  const commanded = after(command);
  if (commanded !== undefined) return { kind: "command", text: commanded };
  const mentioned = after(`@${bot}`);
  return mentioned === undefined ? { kind: "message", text: typed } : { kind: "mention", text: mentioned };
}

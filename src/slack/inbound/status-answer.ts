/** `status`, from the command and from a mention alike. */
import type { Person } from "../../federation/model/identity.ts";
import type { Federation } from "../../federation/model/state.ts";
import { type Blocks, section } from "../blocks/elements.ts";
import { overview, statusOf } from "../blocks/status.ts";
import { type Bot, refusalText } from "./bot.ts";

/** A federation that the person may not know of gets the same answer as one that does not exist. */
export async function statusAnswer(
  bot: Bot,
  person: Person,
  name: string | undefined,
): Promise<{ readonly text: string; readonly blocks: Blocks }> {
  const asked = bot.federations.all().filter((federation) => name === undefined || federation.name === name);
  const visible = await bot.membership.visibleTo(person, asked);
  if (name === undefined) return overview(visible, bot.commandName);
  const federation = newest(visible);
  if (federation !== undefined) return statusOf(federation, bot.configuration);
  const text = refusalText("not-visible");
  return { text, blocks: [section(text)] };
}

/** A living federation before those of the same name that have ended. */
const newest = (federations: readonly Federation[]): Federation | undefined =>
  federations.find(({ ended }) => ended === null) ?? federations.at(-1);

/** The bot as a program: configuration in, a line when it serves, a clean end on a signal. */
import { once } from "node:events";
import { startBot } from "./bot.ts";
import { type Configuration, secretsOf } from "./config/configuration.ts";
import { readFileFromDisk } from "./config/file-reader.ts";
import { describeMistakes, loadConfiguration } from "./config/load-configuration.ts";
import type { Checkpoint } from "./federation/ports.ts";
import { createLog } from "./log.ts";
import { Redactor } from "./secret.ts";
import { whyEnded } from "./start-failure.ts";

/** Milliseconds. */
const LONGEST_END = 500;

/** Null where it is wrong: then the mistakes are told and the exit code is set. */
async function configured(): Promise<Configuration | null> {
  const loaded = await loadConfiguration({ environment: process.env, readFile: readFileFromDisk });
  if (loaded.ok) return loaded.configuration;
  console.error(describeMistakes(loaded.mistakes));
  process.exitCode = 2;
  return null;
}

/** Says whether the bot would start, as far as it can be told without calling anybody. */
export async function checkConfiguration(): Promise<void> {
  const configuration = await configured();
  if (configuration === null) return;
  const { zoneAccess, slack } = configuration;
  const over = slack.delivery.kind === "socket" ? "the bot connects to Slack" : "Slack connects to the bot";
  console.log(`The configuration is right: ${over}; zones: ${[...zoneAccess.keys()].join(", ")}.`);
}

/** Resolves when the bot has ended; sets the exit code. */
export async function runProgram(checkpoint?: Checkpoint): Promise<void> {
  const configuration = await configured();
  if (configuration === null) return;
  const redactor = new Redactor(secretsOf(configuration));
  const log = createLog(configuration.logLevel, { redactor });
  const ended = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  try {
    const starting = startBot(configuration, log, checkpoint, redactor);
    // While Slack does not answer there is nothing to close yet.
    const bot = await Promise.race([starting, ended.then(() => null)]);
    if (bot === null) process.exit(0);
    console.log(`ready ${JSON.stringify({ url: bot.url, health: bot.health })}`);
    const lost = await Promise.race([ended.then(() => null), bot.lost]);
    if (lost !== null) throw lost;
    await bot.stop();
    endSoon();
  } catch (error) {
    log.debug({ err: error }, "why florist ends");
    log.fatal(`florist ends: ${whyEnded(error)}`);
    process.exitCode = 1;
    endSoon();
  }
}

/** Whatever may still hold the process: who looks after it waits for its end. */
const endSoon = (): void => void setTimeout(() => process.exit(), LONGEST_END).unref();

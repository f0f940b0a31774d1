/** Slack's libraries log through the bot's own logger; their everyday talk stays at the lowest level. */
import { LogLevel, type Logger as SdkLogger } from "@slack/bolt";
import type { Logger } from "pino";

export function quietLogger(log: Logger): SdkLogger {
  const text = (parts: readonly unknown[]): string => parts.map(String).join(" ");
  return {
    debug: (...parts) => log.trace(text(parts)),
    info: (...parts) => log.debug(text(parts)),
    warn: (...parts) => log.warn(text(parts)),
    error: (...parts) => log.error(text(parts)),
    setLevel: () => {},
    getLevel: () => LogLevel.INFO,
    setName: () => {},
  };
}

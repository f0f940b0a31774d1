/** Slack's libraries log through the bot's own logger, for whoever looks into them: what an operator has to know the bot says itself. */
import { LogLevel, type Logger as SdkLogger } from "@slack/bolt";
import type { Logger } from "pino";

export function quietLogger(log: Logger): SdkLogger {
  /** Nothing is put into words that nobody reads: the libraries talk at every call. */
  const at =
    (level: "trace" | "debug") =>
    (...parts: readonly unknown[]): void => {
      if (log.isLevelEnabled(level)) log[level](parts.map(String).join(" "));
    };
  return {
    debug: at("trace"),
    info: at("debug"),
    warn: at("debug"),
    error: at("debug"),
    setLevel: () => {},
    getLevel: () => LogLevel.INFO,
    setName: () => {},
  };
}

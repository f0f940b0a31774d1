/** Slack's libraries log through the bot's own logger; their everyday talk stays at the lowest level. */
import { LogLevel, type Logger as SdkLogger } from "@slack/bolt";
import type { Logger } from "pino";

export function quietLogger(log: Logger): SdkLogger {
  /** Nothing is put into words that nobody reads: the libraries talk at every call. */
  const at =
    (level: "trace" | "debug" | "warn" | "error") =>
    (...parts: readonly unknown[]): void => {
      if (log.isLevelEnabled(level)) log[level](parts.map(String).join(" "));
    };
  return {
    debug: at("trace"),
    info: at("debug"),
    warn: at("warn"),
    error: at("error"),
    setLevel: () => {},
    getLevel: () => LogLevel.INFO,
    setName: () => {},
  };
}

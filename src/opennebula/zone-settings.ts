/** How a zone is set up, as far as the bot's account is told. */
import { ZoneError, type ZoneErrorCode, type ZoneRules } from "../federation/model/zone-facts.ts";
import { parseConfiguration, parseIsDisabled } from "./parse/configuration.ts";
import type { Reading } from "./xmlrpc.ts";

/** Milliseconds: version and configuration, which is 30 kB, change only when oned is started anew. */
const FRESH = 10 * 60_000;

/** A zone that keeps this to itself, or does not know the call, is deployed to all the same. */
const NOT_TOLD: ReadonlySet<ZoneErrorCode> = new Set([
  "forbidden",
  "invalid",
  "no-such-object",
  "wrong-state",
  "internal",
]);

type Configuration = ReturnType<typeof parseConfiguration>;

export class ZoneSettings {
  #known: { readonly configuration: Configuration; readonly until: number } | undefined;
  #version: { readonly version: string; readonly until: number } | undefined;

  async version(oned: Reading): Promise<string> {
    const now = performance.now();
    if (this.#version === undefined || now >= this.#version.until)
      this.#version = { version: await oned.read("one.system.version"), until: now + FRESH };
    return this.#version.version;
  }

  async read(oned: Reading): Promise<{ readonly rules: ZoneRules | null; readonly disabled: boolean }> {
    const configuration = await told(() => this.#configuration(oned));
    if (configuration === null) return { rules: null, disabled: false };
    const { zoneId, ...rules } = configuration;
    const disabled = await told(async () => parseIsDisabled(await oned.read("one.zone.info", zoneId)));
    return { rules, disabled: disabled ?? false };
  }

  async #configuration(oned: Reading): Promise<Configuration> {
    const now = performance.now();
    if (this.#known !== undefined && now < this.#known.until) return this.#known.configuration;
    const configuration = parseConfiguration(await oned.read("one.system.config"));
    this.#known = { configuration, until: now + FRESH };
    return configuration;
  }
}

/** null: the account is not told. */
export async function told<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ZoneError && NOT_TOLD.has(error.code)) return null;
    throw error;
  }
}

import { z } from "zod";
import { type CommandResult, type CommandWish, commandResult } from "./control/commands.ts";
import { type ZonesOverview, zonesOverview } from "./control/overview.ts";
import { type ZoneLoad, type ZoneState, zoneLoad, zoneState } from "./control/state.ts";

/** So long that only what never comes is missed, also on a busy machine. */
const PATIENCE_MS = 300_000;

/** The control API of the zones' stand-in, for the play and the tests. */
export class ZonesControl {
  readonly #url: string;

  /** `url` is `control` of the ready line. */
  constructor(url: string) {
    this.#url = url;
  }

  async zone(name: string): Promise<ZoneState> {
    return zoneState.parse(await this.#call("GET", `/control/zones/${name}`));
  }

  /** How often each operation was called, and how many calls were under way at once. */
  async load(name: string): Promise<ZoneLoad> {
    return zoneLoad.parse(await this.#call("GET", `/control/zones/${name}/load`));
  }

  /** All zones in short, as soon as something changed after `since` or `timeoutMs` are over. */
  async overview(since: number, timeoutMs: number): Promise<ZonesOverview> {
    return zonesOverview.parse(await this.#call("GET", `/control/overview?since=${since}&timeoutMs=${timeoutMs}`));
  }

  /** Divides every wait that begins from now on. */
  async setSpeed(speed: number): Promise<void> {
    await this.#call("POST", "/control/speed", { speed });
  }

  /** Rejects with the stand-in's sentence when the command cannot be carried out. */
  async command(zone: string, command: CommandWish): Promise<CommandResult> {
    return commandResult.parse(await this.#call("POST", `/control/zones/${zone}/commands`, command));
  }

  /** The number of the last change, as soon as there is one beyond `since` (at most half a minute). */
  async change(since: number): Promise<number> {
    return z.object({ change: z.number() }).parse(await this.#call("GET", `/control/wait?since=${since}`)).change;
  }

  /** The first state of the zone that fulfils the wish; rejects after `deadlineMs`, with the last one. */
  async until(name: string, fulfils: (state: ZoneState) => boolean, deadlineMs = PATIENCE_MS): Promise<ZoneState> {
    const end = Date.now() + deadlineMs;
    let state = await this.zone(name);
    while (!fulfils(state)) {
      const left = end - Date.now();
      if (left <= 0)
        throw new Error(`${name} did not come to what was waited for within ${deadlineMs} ms: ${summaryOf(state)}`);
      await Promise.race([this.change(state.change), new Promise((resolve) => setTimeout(resolve, left).unref())]);
      state = await this.zone(name);
    }
    return state;
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }
}

const summaryOf = ({ services, vms }: ZoneState): string =>
  [...services.map(({ id, word }) => `service ${id} ${word}`), ...vms.map(({ id, phase }) => `VM ${id} ${phase}`)].join(
    ", ",
  ) || "it is empty";

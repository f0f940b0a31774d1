import { prettifyError, z } from "zod";
import type { Clock } from "../clock.ts";
import type { Answer, Request } from "../daemon.ts";
import type { FrontEnd } from "../front-end.ts";
import { OneError } from "../oned/one-error.ts";
import { carryOut } from "./carry-out.ts";
import type { ChangeCounter } from "./change-counter.ts";
import { CommandRefused } from "./command-refused.ts";
import { command } from "./commands.ts";
import { overviewOf } from "./overview.ts";
import { stateOf, type ZoneLoad } from "./state.ts";

const speedRequest = z.object({ speed: z.number().positive() });

/** Sees and moves the zones as nobody can from outside. JSON over HTTP; README.md lists the calls. */
export class ControlServer {
  readonly #frontEnds: readonly FrontEnd[];
  readonly #changes: ChangeCounter;
  readonly #clock: Clock;

  constructor(frontEnds: readonly FrontEnd[], changes: ChangeCounter, clock: Clock) {
    this.#frontEnds = frontEnds;
    this.#changes = changes;
    this.#clock = clock;
  }

  async answer(request: Request): Promise<Answer> {
    const url = new URL(request.path, "http://control");
    switch (`${request.method} ${url.pathname}`) {
      case "GET /control/wait":
        return json(200, { change: await this.#changes.beyond(Number(url.searchParams.get("since") ?? 0)) });
      case "GET /control/overview":
        return this.#overview(url.searchParams);
      case "POST /control/speed":
        return this.#setSpeed(request.body);
      default:
        return this.#ofZone(request, url.pathname);
    }
  }

  async #ofZone(request: Request, path: string): Promise<Answer> {
    const [, name, rest = ""] = /^\/control\/zones\/([\w-]+)(\/commands|\/load)?$/.exec(path) ?? [];
    const frontEnd = this.#frontEnds.find(({ zone }) => zone.name === name);
    if (frontEnd === undefined) return json(404, { error: `${request.method} ${path} is nothing here` });
    if (request.method === "GET" && rest === "") return json(200, stateOf(frontEnd.zone, this.#changes.count));
    if (request.method === "GET" && rest === "/load") return json(200, loadOf(frontEnd));
    if (request.method === "POST" && rest === "/commands") return this.#command(frontEnd, request.body);
    return json(405, { error: "GET shows a zone or its /load, POST …/commands moves it" });
  }

  async #overview(query: URLSearchParams): Promise<Answer> {
    const since = Number(query.get("since") ?? -1);
    const change = await this.#changes.beyond(since, Number(query.get("timeoutMs") ?? 0));
    return json(200, { change, zones: this.#frontEnds.map(overviewOf) });
  }

  #setSpeed(body: string): Answer {
    const parsed = speedRequest.safeParse(jsonOrNothing(body));
    if (!parsed.success) return json(400, { error: prettifyError(parsed.error) });
    this.#clock.setSpeed(parsed.data.speed);
    return json(200, {});
  }

  async #command(frontEnd: FrontEnd, body: string): Promise<Answer> {
    const parsed = command.safeParse(jsonOrNothing(body));
    if (!parsed.success) return json(400, { error: prettifyError(parsed.error) });
    try {
      const result = await carryOut(frontEnd, parsed.data);
      this.#changes.increase();
      return json(200, result);
    } catch (error) {
      if (error instanceof CommandRefused || error instanceof OneError) return json(409, { error: error.message });
      throw error;
    }
  }
}

function loadOf({ load: { xmlRpc, oneFlow } }: FrontEnd): ZoneLoad {
  return {
    xmlRpc: { calls: xmlRpc.calls, mostAtOnce: xmlRpc.mostAtOnce },
    oneFlow: { calls: oneFlow.calls, mostAtOnce: oneFlow.mostAtOnce },
  };
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}

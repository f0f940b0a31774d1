import { prettifyError } from "zod";
import type { Answer, Request } from "../daemon.ts";
import type { FrontEnd } from "../front-end.ts";
import { OneError } from "../oned/one-error.ts";
import { carryOut } from "./carry-out.ts";
import type { ChangeCounter } from "./change-counter.ts";
import { CommandRefused } from "./command-refused.ts";
import { command } from "./commands.ts";
import { stateOf, type ZoneLoad } from "./state.ts";

/** Sees and moves the zones as nobody can from outside. JSON over HTTP; README.md lists the calls. */
export class ControlServer {
  readonly #frontEnds: readonly FrontEnd[];
  readonly #changes: ChangeCounter;

  constructor(frontEnds: readonly FrontEnd[], changes: ChangeCounter) {
    this.#frontEnds = frontEnds;
    this.#changes = changes;
  }

  async answer(request: Request): Promise<Answer> {
    const url = new URL(request.path, "http://control");
    if (request.method === "GET" && url.pathname === "/control/wait") {
      const change = await this.#changes.beyond(Number(url.searchParams.get("since") ?? 0));
      return json(200, { change });
    }
    const [, name, rest = ""] = /^\/control\/zones\/([\w-]+)(\/commands|\/load)?$/.exec(url.pathname) ?? [];
    const frontEnd = this.#frontEnds.find(({ zone }) => zone.name === name);
    if (frontEnd === undefined) return json(404, { error: `${request.method} ${url.pathname} is nothing here` });
    if (request.method === "GET" && rest === "") return json(200, stateOf(frontEnd.zone, this.#changes.count));
    if (request.method === "GET" && rest === "/load") return json(200, loadOf(frontEnd));
    if (request.method === "POST" && rest === "/commands") return this.#command(frontEnd, request.body);
    return json(405, { error: "GET shows a zone or its /load, POST …/commands moves it" });
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

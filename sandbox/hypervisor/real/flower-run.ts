import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../../../src/package-root.ts";
import { Inside } from "./inside.ts";
import type { RealView } from "./real-hypervisor.ts";

/** The app that comes with the sandbox. */
const APP = "sandbox/story/app";
const FLORIST = "/var/lib/florist";
const FLWR = [
  "env",
  `FLWR_HOME=${FLORIST}/site`,
  "FLWR_TELEMETRY_ENABLED=0",
  "FLWR_DISABLE_UPDATE_CHECK=1",
  // Into a pipe Python writes only when it has much to say; rounds are to be seen as they come.
  "PYTHONUNBUFFERED=1",
  `${FLORIST}/venv/bin/flwr`,
];
const LOOK_EVERY_MS = 2_000;

// Numbers beyond 2^53 are read as the text they are.
const started = /"run-id":\s*"?(\d+)/;
const listed = /"status":\s*"([^"]+)"/;

const round = z.object({ round: z.int(), nodes: z.array(z.string()), loss: z.number().nullable() });
export type Round = z.infer<typeof round>;
const result = z.object({ model: z.array(z.number()) });
const model = z.array(z.number());

export type RunSettings = Readonly<Record<string, string | number>>;

/** A run of the sandbox's app, started as a data scientist would: by Flower's command line on the SuperLink's VM. */
export class FlowerRun {
  readonly id: string;
  readonly #inside: Inside;

  private constructor(inside: Inside, id: string) {
    this.#inside = inside;
    this.id = id;
  }

  /** @param settings of the app's `pyproject.toml`, where they are described */
  static async start(superlink: RealView, settings: RunSettings): Promise<FlowerRun> {
    const inside = new Inside(superlink);
    const app = await inside.place(join(packageRoot(), APP), "regression");
    const pairs = Object.entries(settings).map(([name, value]) =>
      typeof value === "number" ? `${name}=${value}` : `${name}='${value}'`,
    );
    const answer = await inside.run([...FLWR, "run", app, "fed", "--format", "json", "--run-config", pairs.join(" ")]);
    const id = started.exec(answer)?.[1];
    if (id === undefined) throw new Error(`Flower did not take the run: ${answer}`);
    return new FlowerRun(inside, id);
  }

  /** A run that was started before. */
  static known(superlink: RealView, id: string): FlowerRun {
    return new FlowerRun(new Inside(superlink), id);
  }

  /** `pending`, `running`, `finished:completed`, `finished:failed`. */
  async status(): Promise<string> {
    const answer = await this.#inside.run([...FLWR, "list", "fed", "--run-id", this.id, "--format", "json"]);
    return listed.exec(answer)?.[1] ?? answer;
  }

  /** Rounds as they end; the last one is followed by the end of the run. */
  async *rounds(deadlineMs: number): AsyncGenerator<Round> {
    const signal = AbortSignal.timeout(deadlineMs);
    for await (const line of this.#inside.lines([...FLWR, "log", this.id, "fed", "--stream"], signal)) {
      const text = after("ROUND", line);
      if (text !== undefined) yield round.parse(JSON.parse(text));
    }
  }

  /** How it ended. @throws Error after `deadlineMs` */
  async ended(deadlineMs: number): Promise<string> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const status = await this.status();
      if (status.startsWith("finished")) return status;
      if (Date.now() > end) throw new Error(`Run ${this.id} is ${status} after ${deadlineMs} ms.`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** What the run's log holds: every round, and the model if there is one. */
  async outcome(): Promise<{ readonly rounds: readonly Round[]; readonly model: readonly number[] | undefined }> {
    const lines = (await this.#inside.run([...FLWR, "log", this.id, "fed", "--show"])).split("\n");
    const said = (word: string) => lines.flatMap((line) => after(word, line) ?? []);
    const [last] = said("RESULT");
    return {
      rounds: said("ROUND").map((text) => round.parse(JSON.parse(text))),
      model: last === undefined ? undefined : result.parse(JSON.parse(last)).model,
    };
  }
}

/**
 * The model that these nodes would come to without a federation, computed here.
 * @param sources of each node its id, or the folder on the SuperLink's VM where a copy of its data is
 */
export async function inOnePlace(
  superlink: RealView,
  rounds: number,
  sources: readonly string[],
): Promise<readonly number[]> {
  const inside = new Inside(superlink);
  const app = await inside.place(join(packageRoot(), APP), "regression");
  const python = [`${FLORIST}/venv/bin/python`, "-m", "regression.in_one_place"];
  const answer = await inside.run(["env", `--chdir=${app}`, ...python, String(rounds), ...sources]);
  return model.parse(JSON.parse(answer));
}

function after(word: string, line: string): string | undefined {
  const at = line.indexOf(`${word} {`);
  return at < 0 ? undefined : line.slice(at + word.length + 1).trim();
}

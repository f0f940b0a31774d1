/**
 * What Prometheus is told. Nothing is worked out before it asks, but for counters; labels are zones of the zones file,
 * methods and codes of the program: nothing that guests or people could multiply.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { STAGES } from "./federation-tally.ts";
import type { LoopDelay } from "./loop-delay.ts";
import type { VitalSigns } from "./vital-signs.ts";

export interface ZoneCall {
  readonly zone: string;
  readonly daemon: "oned" | "oneflow";
  /** Milliseconds. */
  readonly took: number;
  /** `answered`, also by a refusal, or the code of a `ZoneError`. */
  readonly outcome: string;
}

export interface SlackCall {
  readonly method: string;
  readonly outcome: "answered" | "rate-limited" | "refused" | "unanswered";
}

/** Seconds: from a call on the same network to one that meets its deadline. */
const BUCKETS = [0.01, 0.05, 0.2, 1, 5, 20, 60];

export class Metrics {
  readonly #registry = new Registry();
  readonly #zoneCalls: Counter<"zone" | "daemon" | "outcome">;
  readonly #zoneSeconds: Histogram<"zone" | "daemon">;
  readonly #slackCalls: Counter<"method" | "outcome">;

  constructor(signs: () => VitalSigns | null, loop: LoopDelay) {
    const registers = [this.#registry];
    this.#zoneCalls = new Counter({
      name: "florist_zone_calls_total",
      help: "Calls to a zone's daemon by how they went; a refusal is an answer.",
      labelNames: ["zone", "daemon", "outcome"],
      registers,
    });
    this.#zoneSeconds = new Histogram({
      name: "florist_zone_call_seconds",
      help: "How long calls to a zone's daemon took, waiting for a place included.",
      labelNames: ["zone", "daemon"],
      buckets: BUCKETS,
      registers,
    });
    this.#slackCalls = new Counter({
      name: "florist_slack_calls_total",
      help: "Calls to Slack's Web API by how they went.",
      labelNames: ["method", "outcome"],
      registers,
    });
    this.#gauge("florist_federations", "Federations that have not ended, by how far they are.", ["stage"], (gauge) => {
      const tally = signs()?.tally;
      for (const stage of STAGES) if (tally !== undefined) gauge.set({ stage }, tally.inStage(stage));
    });
    this.#gauge("florist_conditions", "What is wrong with federations now, by code.", ["code"], (gauge) => {
      for (const [code, count] of signs()?.tally.conditions() ?? []) gauge.set({ code }, count);
    });
    this.#gauge("florist_zone_look_age_seconds", "Since a zone was looked at last.", ["zone"], (gauge) => {
      for (const { zone, age } of signs()?.looks() ?? []) if (age !== null) gauge.set({ zone }, age / 1000);
    });
    this.#gauge("florist_zone_up", "Whether the last look at a zone worked.", ["zone"], (gauge) => {
      for (const { zone, state } of signs()?.looks() ?? [])
        if (state !== "not-yet") gauge.set({ zone }, Number(state === "seen"));
    });
    this.#ofPool(signs);
    this.#gauge("florist_slack_connected", "Whether Slack reaches the bot.", [], (gauge) =>
      gauge.set(Number(signs()?.isConnected() ?? false)),
    );
    this.#gauge("florist_outbox_waiting", "Messages that wait for their turn to be sent.", [], (gauge) =>
      gauge.set(signs()?.backlog() ?? 0),
    );
    this.#gauge(
      "florist_event_loop_delay_seconds",
      "The worst delay of the event loop since the last scrape.",
      [],
      (gauge) => gauge.set(loop.takeWorst() / 1000),
    );
    this.#ofProcess();
  }

  zoneCalled({ zone, daemon, took, outcome }: ZoneCall): void {
    this.#zoneCalls.inc({ zone, daemon, outcome });
    this.#zoneSeconds.observe({ zone, daemon }, took / 1000);
  }

  slackCalled({ method, outcome }: SlackCall): void {
    this.#slackCalls.inc({ method, outcome });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #ofPool(signs: () => VitalSigns | null): void {
    const pool = () => signs()?.pool() ?? null;
    this.#gauge("florist_zonepool_age_seconds", "Since the zone pool answered last.", [], (gauge) => {
      const age = pool()?.age ?? null;
      if (age !== null) gauge.set(age / 1000);
    });
    this.#gauge("florist_zonepool_differences", "In how much zone pool and zones file differ.", [], (gauge) => {
      const seen = pool();
      if (seen !== null) gauge.set(seen.differences);
    });
    this.#gauge("florist_zone_enabled", "Whether a zone is enabled in the zone pool.", ["zone"], (gauge) => {
      const seen = pool();
      for (const { zone } of seen === null ? [] : (signs()?.looks() ?? []))
        gauge.set({ zone }, Number(seen?.disabled.has(zone) !== true));
    });
  }

  /** In the names that every exporter has. prom-client's own set would wake the process a hundred times a second. */
  #ofProcess(): void {
    this.#gauge("process_cpu_seconds_total", "User and system CPU time.", [], (gauge) => {
      const { user, system } = process.cpuUsage();
      gauge.set((user + system) / 1e6);
    });
    this.#gauge("process_resident_memory_bytes", "Resident memory.", [], (gauge) =>
      gauge.set(process.memoryUsage.rss()),
    );
    this.#gauge("process_start_time_seconds", "When the process began, in seconds since 1970.", [], (gauge) =>
      gauge.set(Math.round(performance.timeOrigin / 1000)),
    );
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect: (gauge: Gauge<L>) => void,
  ): void {
    const gauge: Gauge<L> = new Gauge<L>({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => collect(gauge),
    });
  }
}

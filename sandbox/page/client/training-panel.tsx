/** Runs of Flower, where VMs really train: a button for each SuperLink that serves, and the loss of the newest run. */
import type { JSX } from "preact";
import type { ShownTraining } from "../protocol.ts";
import { send } from "./gestures.ts";
import { type Guest, guestsOf } from "./guests.ts";
import { type LossChart, lossChart } from "./loss-chart.ts";
import { machinery, training, zones } from "./store.ts";

export function TrainingPanel(): JSX.Element | null {
  const superlinks = guestsOf(zones.value).filter(({ role, state }) => role === "superlink" && state === "up");
  const run = training.value;
  if (!machinery.value.real || (superlinks.length === 0 && run === null)) return null;
  const isUnderWay = run?.state === "starting" || run?.state === "running";
  return (
    <section class="zone training" aria-label="Training">
      <header>
        <h3>Training</h3>
        <span class="training-state" role="status">
          {run === null ? "No run yet" : stateWords(run)}
        </span>
      </header>
      {run === null ? null : <Chart chart={lossChart(run)} />}
      {superlinks.map((superlink) => (
        <StartButton key={`${superlink.zone}/${superlink.vm.id}`} superlink={superlink} disabled={isUnderWay} />
      ))}
    </section>
  );
}

function stateWords({ state, rounds, of, why }: ShownTraining): string {
  switch (state) {
    case "starting":
      return "Flower takes the run";
    case "running":
      return `${rounds.length} of ${of} rounds`;
    case "completed":
      return `completed after ${rounds.length} rounds`;
    case "failed":
      return `failed: ${why}`;
  }
}

function StartButton({ superlink, disabled }: { readonly superlink: Guest; readonly disabled: boolean }): JSX.Element {
  const { zone, vm } = superlink;
  const title = zones.value.find(({ name }) => name === zone)?.title ?? zone;
  return (
    <button
      type="button"
      class="button"
      disabled={disabled}
      onClick={() => void send({ do: "train", zone, vmId: vm.id })}
    >
      Start a run on the SuperLink of {title}
    </button>
  );
}

function Chart({ chart }: { readonly chart: LossChart }): JSX.Element {
  const { width, height, floor, line, dots, marks, words } = chart;
  return (
    <svg class="loss" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words}>
      {marks.map(({ y, text }) => (
        <g key={y} class="level">
          <path d={`M34 ${y}H${width}`} />
          <text x="30" y={y + 3} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
      <polyline points={line} />
      {dots.map(({ x, y, round, says }) => (
        <g key={round} class="dot">
          <title>{says}</title>
          <circle cx={x} cy={y} r="3.4" />
          <text x={x} y={floor + 14} text-anchor="middle">
            {round}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** The federation as a picture: zones, SuperLink, SuperNodes, and every link as it is now. */
import type { JSX } from "preact";
import { STATE_WORDS, stageWords } from "./guests.ts";
import { zones } from "./store.ts";
import { type Box, curve, type Dot, type Line, topologyOf } from "./topology.ts";

export function TopologyPicture(): JSX.Element {
  const { width, height, boxes, dots, lines } = topologyOf(zones.value);
  return (
    <figure class="topology">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={inWords(dots)}>
        {boxes.map((box) => (
          <ZoneBox key={box.zone.name} box={box} />
        ))}
        {lines.map((line) => (
          <LinkLine key={keyOf(line.from)} line={line} />
        ))}
        {dots.map((dot) => (
          <GuestDot key={keyOf(dot)} dot={dot} />
        ))}
      </svg>
      <Legend />
    </figure>
  );
}

const keyOf = ({ guest }: Dot): string => `${guest.zone}/${guest.vm.id}`;

function inWords(dots: readonly Dot[]): string {
  if (dots.length === 0) return "No VM of a federation runs in any zone.";
  const said = dots.map(({ guest }) => `${guest.role} ${guest.vm.id} in ${guest.zone}: ${STATE_WORDS[guest.state]}`);
  return `Topology. ${said.join("; ")}.`;
}

function ZoneBox({ box: { zone, x, y, width, height, top } }: { readonly box: Box }): JSX.Element {
  const hurt = !zone.answering || zone.faults.includes("refuse") || zone.faults.includes("slow");
  const line = top ? y + 18 : y + height - 10;
  return (
    <g class={`zone-box ${zone.answering ? "" : "away"} ${hurt ? "hurt" : ""}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      <text class="zone-name" x={x + 10} y={line}>
        {zone.title}
      </text>
      {zone.vms.length === 0 && zone.answering ? (
        <text class="zone-idle" x={x + width / 2} y={y + (top ? 48 : 34)} text-anchor="middle">
          idle
        </text>
      ) : null}
      {hurt ? (
        <text class="zone-fault" x={x + width - 10} y={line} text-anchor="end">
          {zone.answering ? (zone.faults.includes("refuse") ? "refuses" : "slow") : "down"}
        </text>
      ) : null}
    </g>
  );
}

function GuestDot({ dot: { guest, x, y } }: { readonly dot: Dot }): JSX.Element {
  const label = guest.role === "superlink" ? "SuperLink" : `VM ${guest.vm.id}`;
  return (
    <g class={`guest ${guest.role} ${guest.state}`}>
      <title>{`${guest.role === "superlink" ? "SuperLink" : "SuperNode"}, VM ${guest.vm.id}: ${stageWords(guest)}`}</title>
      {guest.role === "superlink" ? <Flower x={x} y={y} /> : <circle cx={x} cy={y} r="8" />}
      {guest.role === "superlink" ? (
        <text x={x + 17} y={y + 3}>
          {label}
        </text>
      ) : (
        <text x={x} y={y + 20} text-anchor="middle">
          {label}
        </text>
      )}
    </g>
  );
}

function Flower({ x, y }: { readonly x: number; readonly y: number }): JSX.Element {
  const petals = Array.from({ length: 6 }, (_, nth) => (nth * Math.PI) / 3);
  return (
    <>
      {petals.map((angle) => (
        <circle class="petal" cx={x + Math.cos(angle) * 6.5} cy={y + Math.sin(angle) * 6.5} r="4.6" />
      ))}
      <circle class="heart" cx={x} cy={y} r="4.4" />
    </>
  );
}

function LinkLine({ line }: { readonly line: Line }): JSX.Element {
  const { state } = line.from.guest;
  const path = curve(line);
  const middle = { x: (line.from.x + line.to.x) / 2, y: (line.from.y + line.to.y) / 2 };
  const isBroken = state === "cut" || state === "down" || state === "dead";
  return (
    <g class={`link ${state}`}>
      <path class="wire" d={path} />
      {state === "up" ? <path class="pulse" d={path} pathLength="100" /> : null}
      {isBroken ? (
        <g class="break" transform={`translate(${middle.x} ${middle.y})`}>
          <circle r="7" />
          <path d="M-3-3 3 3M3-3-3 3" />
        </g>
      ) : null}
    </g>
  );
}

const Legend = (): JSX.Element => (
  <figcaption class="legend">
    <span class="up">serves</span>
    <span class="joining">comes up</span>
    <span class="down">link down</span>
    <span class="flapping">comes and goes</span>
  </figcaption>
);

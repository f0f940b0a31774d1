/** Where the points of a run's loss are drawn. Pure. */
import type { ShownTraining } from "../protocol.ts";

export interface LossChart {
  readonly width: number;
  readonly height: number;
  /** Where a loss of nothing is. */
  readonly floor: number;
  /** Points of the line, as SVG takes them. */
  readonly line: string;
  readonly dots: readonly { readonly x: number; readonly y: number; readonly round: number; readonly says: string }[];
  readonly marks: readonly { readonly y: number; readonly text: string }[];
  /** The same, for those who do not see it. */
  readonly words: string;
}

const [WIDTH, HEIGHT, LEFT, TOP, FLOOR] = [360, 120, 46, 10, 98];

export function lossChart({ of, rounds }: Pick<ShownTraining, "of" | "rounds">): LossChart {
  const known = rounds.flatMap(({ round, nodes, loss }) => (loss === null ? [] : [{ round, nodes, loss }]));
  const most = Math.max(...known.map(({ loss }) => loss), Number.MIN_VALUE);
  const step = (WIDTH - LEFT - 14) / Math.max(1, of - 1);
  const dots = known.map(({ round, nodes, loss }) => ({
    x: tenths(LEFT + (round - 1) * step),
    y: tenths(FLOOR - (loss / most) * (FLOOR - TOP)),
    round,
    says: `Round ${round}: loss ${short(loss)}, ${nodes} SuperNode${nodes === 1 ? "" : "s"}`,
  }));
  return {
    width: WIDTH,
    height: HEIGHT,
    floor: FLOOR,
    line: dots.map(({ x, y }) => `${x},${y}`).join(" "),
    dots,
    marks: [{ y: FLOOR, text: "0" }, ...(known.length === 0 ? [] : [{ y: TOP, text: short(most) }])],
    words: dots.length === 0 ? "No round has ended yet." : `${dots.map(({ says }) => says).join("; ")}.`,
  };
}

const tenths = (value: number): number => Math.round(value * 10) / 10;
const short = (loss: number): string => String(Number(loss.toPrecision(3)));

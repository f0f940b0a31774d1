/** Where everything of the picture stands: the zone of the SuperLink on top, the others below it. Pure. */
import type { ShownZone } from "../protocol.ts";
import { type Guest, guestsOf } from "./guests.ts";

export interface Box {
  readonly zone: ShownZone;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** A zone on top has its links below it, and its name above. */
  readonly top: boolean;
}

export interface Dot {
  readonly guest: Guest;
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly from: Dot;
  readonly to: Dot;
}

export interface Topology {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly dots: readonly Dot[];
  readonly lines: readonly Line[];
}

const WIDTH = 384;
const MARGIN = 8;
const GAP = 10;
const BOX = 74;
const ROW_GAP = 46;
const MOST_IN_ROW = 4;
/** SuperNodes of a zone that are drawn; more are counted. */
const MOST_DOTS = 10;

export function topologyOf(zones: readonly ShownZone[]): Topology {
  const guests = guestsOf(zones).filter(({ role }) => role !== "other");
  const coordinators = new Set(guests.filter(({ role }) => role === "superlink").map(({ zone }) => zone));
  const top = zones.filter(({ name }) => coordinators.has(name));
  const below = zones.filter(({ name }) => !coordinators.has(name));
  const above = rowsOf(top);
  const rows = [...above, ...rowsOf(below)];
  const boxes = rows.flatMap((row, nth) => boxesOf(row, nth, nth < above.length));
  const dots = boxes.flatMap((box) =>
    dotsOf(
      box,
      guests.filter(({ zone }) => zone === box.zone.name),
    ),
  );
  const lines = dots.flatMap((from): Line[] => {
    if (from.guest.role !== "supernode") return [];
    const to = dots.find(({ guest }) => guest.role === "superlink" && guest.federation === from.guest.federation);
    return to === undefined ? [] : [{ from, to }];
  });
  const height = MARGIN * 2 + rows.length * BOX + Math.max(0, rows.length - 1) * ROW_GAP;
  return { width: WIDTH, height, boxes, dots, lines };
}

function rowsOf(zones: readonly ShownZone[]): readonly (readonly ShownZone[])[] {
  const rows = Math.ceil(zones.length / MOST_IN_ROW);
  const each = Math.ceil(zones.length / Math.max(1, rows));
  return Array.from({ length: rows }, (_, nth) => zones.slice(nth * each, (nth + 1) * each));
}

function boxesOf(row: readonly ShownZone[], nth: number, isTop: boolean): readonly Box[] {
  const inner = WIDTH - 2 * MARGIN;
  const width = Math.min(180, (inner - GAP * (row.length - 1)) / row.length);
  const left = MARGIN + (inner - width * row.length - GAP * (row.length - 1)) / 2;
  return row.map((zone, column) => ({
    zone,
    x: left + column * (width + GAP),
    y: MARGIN + nth * (BOX + ROW_GAP),
    width,
    height: BOX,
    top: isTop,
  }));
}

function dotsOf(box: Box, guests: readonly Guest[]): readonly Dot[] {
  const shown = guests.slice(0, MOST_DOTS);
  const step = Math.min(30, (box.width - 24) / Math.max(1, shown.length));
  const left = box.x + box.width / 2 - (step * (shown.length - 1)) / 2;
  return shown.map((guest, nth) => ({ guest, x: left + nth * step, y: box.y + (box.top ? 46 : 24) }));
}

/** The way a link is drawn: down from the SuperLink, and up from the SuperNode. */
export function curve({ from, to }: Line): string {
  const bend = Math.max(24, Math.abs(from.y - to.y) * 0.5);
  const sign = from.y === to.y ? 1 : Math.sign(from.y - to.y);
  const [top, bottom] = from.y === to.y ? [to.y + bend, from.y + bend] : [to.y + bend * sign, from.y - bend * sign];
  return `M${to.x} ${to.y} C${to.x} ${top} ${from.x} ${bottom} ${from.x} ${from.y}`;
}

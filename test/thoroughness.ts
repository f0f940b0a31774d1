/** How much is tried of what is tried very often. A quick run asks for less, and whoever looks for trouble for more. */

/** 1 for all of it; any other number stands in THOROUGHNESS. */
export const THOROUGHNESS = Number(process.env["THOROUGHNESS"] ?? 1);

/** How often, where `all` is usual. */
export const times = (all: number): number => Math.max(1, Math.round(all * THOROUGHNESS));

/** Of so many one is tried, and in the next round another. */
export const ONE_OF = Math.max(1, Math.round(1 / THOROUGHNESS));

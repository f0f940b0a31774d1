/** How many federations there are in a bot that has lived for years. */
export const LIVING = 50;
/** Of those, how many run in zones; the others wait for their owners. */
export const RUNNING = 12;
export const ENDED = { few: 10, most: 1_000, quick: 100 } as const;

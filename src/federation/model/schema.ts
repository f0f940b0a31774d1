/** Numbers of what is stored. Whoever changes a stored shape raises its number here. */

/** Of the events' vocabulary (events.ts), written into every line of a journal. */
export const EVENTS_SCHEMA = 1;

/** Of the state's shape (state.ts), which snapshots hold: those with another number are made anew from the journal. */
export const STATE_SCHEMA = 2;

/** An event as it was stored in an earlier vocabulary, in the words of today's. There is no earlier one yet. */
export function upcast(_stored: unknown, fromSchema: number): unknown {
  throw new Error(`There has never been a vocabulary ${fromSchema}.`);
}

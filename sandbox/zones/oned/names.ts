/** What oned has against a name; undefined when it takes it. */
export function nameFault(name: string): string | undefined {
  if (name === "") return "Invalid NAME, it cannot be empty";
  const character = /[<]/.exec(name)?.[0];
  if (character !== undefined) return `Invalid NAME, character '${character}' is not allowed`;
  return Buffer.byteLength(name) > 128 ? "Invalid NAME, max length is 128 chars" : undefined;
}

/** A command that names something that is not there, or wants what cannot be. */
export class CommandRefused extends Error {
  override readonly name = "CommandRefused";
}

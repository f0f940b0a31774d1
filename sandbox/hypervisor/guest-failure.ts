import type { Reason } from "../../src/guest-protocol/names.ts";

/** A guest that cannot go on: its last stage is `failed`, with this reason. The message is for the log. */
export class GuestFailure extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.name = "GuestFailure";
    this.reason = reason;
  }
}

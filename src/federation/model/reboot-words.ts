/** The words of a reboot, and what is kept of one. */
import { z } from "zod";
import type { Person } from "./identity.ts";

/** `restart` asks the guest, `reset` does not wait for its word, `resume` switches on what is off. */
export const rebootAction = z.enum(["restart", "reset", "resume"]);
export type RebootAction = z.infer<typeof rebootAction>;

/**
 * What a zone says to it. `taken`: the VM comes up, or does so already. `wrong-state`: nothing was done to it.
 * `not-shown`: the account is told nothing of such a VM, or that it is done.
 */
export const rebootAnswer = z.enum(["taken", "wrong-state", "not-shown"]);
export type RebootAnswer = z.infer<typeof rebootAnswer>;

/** What came of it. `well`: nothing is left that it was asked for. `no-help`: something is, and its time has run out. */
export const rebootOutcome = z.enum(["well", "not-taken", "unanswered", "no-help"]);
export type RebootOutcome = z.infer<typeof rebootOutcome>;

/** One VM's part of it. */
export interface VmReboot {
  readonly vmId: number;
  readonly action: RebootAction;
  /** Journalled before the zone is asked. Asked again after a lost answer it does no harm. */
  readonly intended: boolean;
  readonly answer: RebootAnswer | null;
}

export interface Reboot {
  readonly askedBy: Person;
  readonly askedAt: string;
  readonly vms: readonly VmReboot[];
  /** null: it is under way. */
  readonly outcome: RebootOutcome | null;
}

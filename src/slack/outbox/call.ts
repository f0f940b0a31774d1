/** One call to Slack: ended after a while, and its failure in plain words. */
import type { Log } from "../../federation/ports.ts";
import type { Availability } from "../availability.ts";
import { failureOf, type SlackFailure } from "../slack-error.ts";
import type { Clock } from "./clock.ts";
import type { Method, MethodPace } from "./pace.ts";

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: SlackFailure };

export type Call = <Value>(method: Method, make: () => Promise<Value>) => Promise<Answer<Value>>;

export interface CallOptions {
  readonly methods: MethodPace;
  readonly clock: Clock;
  /** Milliseconds: who has not been answered by then goes on without. */
  readonly deadline: number;
  readonly availability: Availability;
  readonly log: Log;
}

export function createCall({ methods, clock, deadline, availability, log }: CallOptions): Call {
  return async (method, make) => {
    let callOff = () => {};
    const tooLate = new Promise<never>((_, reject) => {
      callOff = clock.after(deadline, () => reject(new Error(`no answer within ${deadline} ms`)));
    });
    try {
      const value = await Promise.race([make(), tooLate]);
      availability.answered();
      return { ok: true, value };
    } catch (error) {
      const failure = failureOf(error);
      availability.failed(failure);
      if (failure.kind === "rate-limited") {
        methods.rest(method, failure.waitMs);
        log.info({ method, waitMs: failure.waitMs }, "Slack asks for a rest.");
      }
      return { ok: false, failure };
    } finally {
      callOff();
    }
  };
}

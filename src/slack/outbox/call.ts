/** One call to Slack: ended after a while, and its failure in plain words. */
import type { Log } from "../../federation/ports.ts";
import { Availability } from "../availability.ts";
import { failureOf, type SlackFailure } from "../slack-error.ts";
import type { Clock } from "./clock.ts";
import type { Method, MethodPace } from "./pace.ts";

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: SlackFailure };

export type Call = <Value>(method: Method, make: () => Promise<Value>) => Promise<Answer<Value>>;

/** `deadline` is in milliseconds: who has not been answered by then goes on without. */
export function createCall(methods: MethodPace, clock: Clock, deadline: number, log: Log): Call {
  const availability = new Availability(log);
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

/** A `trigger_id` lives three seconds and opens one modal. */
export interface Triggers {
  /** @param viewId the modal in which the person acted, if it was one */
  readonly issue: (personId: string, viewId?: string) => string;
  /** Uses a trigger up; otherwise says why not, in Slack's word. */
  readonly exchange: (id: string) => Exchanged;
}

type Exchanged =
  | { readonly ok: true; readonly personId: string; readonly viewId: string | undefined }
  | { readonly ok: false; readonly error: "invalid_trigger_id" | "expired_trigger_id" | "exchanged_trigger_id" };

interface Trigger {
  readonly personId: string;
  readonly viewId: string | undefined;
  readonly expiresAt: number;
  used: boolean;
}

export function createTriggers(makeId: () => string, lifetimeMs: number): Triggers {
  const issued = new Map<string, Trigger>();
  return {
    issue: (personId, viewId) => {
      const id = makeId();
      issued.set(id, { personId, viewId, expiresAt: Date.now() + lifetimeMs, used: false });
      return id;
    },
    exchange: (id) => {
      const trigger = issued.get(id);
      if (trigger === undefined) return { ok: false, error: "invalid_trigger_id" };
      if (trigger.used) return { ok: false, error: "exchanged_trigger_id" };
      if (Date.now() > trigger.expiresAt) return { ok: false, error: "expired_trigger_id" };
      trigger.used = true;
      return { ok: true, personId: trigger.personId, viewId: trigger.viewId };
    },
  };
}

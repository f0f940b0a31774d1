import { z } from "zod";
import { GUEST_ROLES } from "../../src/guest-protocol/names.ts";

/** Those that need no word more than their name. */
const plainFault = z.enum([
  "false-ca",
  "false-endpoint",
  "foreign-name",
  "foreign-key",
  "copied-key",
  "weak-key",
  "never-ready",
  "wrong-version",
  "hostile-attributes",
  "claims-all-online",
  "lists-unknown-node",
  "silent",
  "false-tunnel-key",
  "copied-tunnel-key",
  "hub-tunnel-key",
  "tunnel-unavailable",
  "translation-unavailable",
  "passes-nothing",
  "data-missing",
  "data-empty",
  "data-unreadable",
]);
export type PlainFaultKind = z.infer<typeof plainFault>;

/** How a guest can misbehave. README.md says what each does. */
const fault = z.discriminatedUnion("kind", [
  z.strictObject({ kind: plainFault }),
  z.strictObject({ kind: z.literal("slow-boot"), ms: z.int().min(0) }),
  z.strictObject({ kind: z.literal("tunnel-clock-behind"), ms: z.int().min(0) }),
  z.strictObject({ kind: z.literal("forged-tunnel-address"), address: z.ipv4() }),
  z.strictObject({ kind: z.literal("stray-packets"), address: z.ipv4() }),
]);
export type Fault = z.infer<typeof fault>;
export type FaultKind = Fault["kind"];

/** One fault and the guests it holds for: those that match every member given. */
export const faultRule = z.strictObject({
  zone: z.string().optional(),
  role: z.enum(GUEST_ROLES).optional(),
  vmId: z.int().min(0).optional(),
  fault,
});
export type FaultRule = z.infer<typeof faultRule>;

export type FaultSubject = { readonly zone: string; readonly vmId: number; readonly role: string };

/** The faults in force; guests look here whenever it matters, so a fault set later takes hold of a running guest. */
export class FaultBook {
  #rules: FaultRule[] = [];

  add(rule: FaultRule): void {
    this.#rules.push(rule);
  }

  clear(): void {
    this.#rules = [];
  }

  of(subject: FaultSubject): readonly Fault[] {
    return this.#rules
      .filter(
        (rule) =>
          (rule.zone ?? subject.zone) === subject.zone &&
          (rule.role ?? subject.role) === subject.role &&
          (rule.vmId ?? subject.vmId) === subject.vmId,
      )
      .map((rule) => rule.fault);
  }
}

/** The words of changing tunnel keys without a break, and what is kept of it. */
import { z } from "zod";
import { type Person, person, siteName } from "./identity.ts";

/** What came of it. `partly`: some VMs have a new key and some have not, and its time has run out. */
const rotationOutcome = z.enum(["changed", "partly", "not-changed"]);
export type RotationOutcome = z.infer<typeof rotationOutcome>;

const at = { site: siteName };
const vm = { ...at, vmId: z.int() };

export const rotationEvents = [
  /** An owner has the keys of these VMs changed. `number` is what they are told. */
  z.strictObject({
    type: z.literal("tunnel-rotation-asked"),
    ...at,
    by: person,
    number: z.int().min(1),
    vmIds: z.array(z.int()).readonly(),
  }),
  z.strictObject({ type: z.literal("tunnel-rotation-told"), ...vm, number: z.int().min(1) }),
  /** The VM has made its next key and names it: the other ends are to know it before it is used. */
  z.strictObject({ type: z.literal("tunnel-key-announced"), ...vm, key: z.string() }),
  z.strictObject({ type: z.literal("tunnel-switch-intended"), ...vm, key: z.string() }),
  z.strictObject({ type: z.literal("tunnel-switch-delivered"), ...vm, key: z.string() }),
  z.strictObject({ type: z.literal("tunnel-rotation-ended"), ...at, outcome: rotationOutcome }),
] as const;

/** One VM's part of it. */
export interface VmRotation {
  readonly vmId: number;
  /** It was told to make its next key. */
  readonly told: boolean;
  /** The public half of that, as it said it last; null before it has. */
  readonly next: string | null;
  readonly announcedAt: string | null;
  /** How often it has named one; only the first few count. */
  readonly announcements: number;
  /** Whether it is to take it into use: journalled before it is told. Told again after a lost answer it does no harm. */
  readonly switched: "no" | "intended" | "delivered";
}

export interface Rotation {
  /** Counts up within a deployment: a VM follows a number that is higher than any before. */
  readonly number: number;
  readonly askedBy: Person;
  readonly askedAt: string;
  readonly vms: readonly VmRotation[];
  /** null: it is under way. */
  readonly outcome: RotationOutcome | null;
}

import { z } from "zod";
import { accepted, type Decoded, refused } from "./decoded.ts";
import {
  FRAMEWORKS,
  type Framework,
  GUEST_ROLES,
  type GuestRole,
  LINKS,
  type Link,
  REASONS,
  type Reason,
  STAGES,
  type Stage,
} from "./names.ts";

/** Each reads one plain value of a closed set; anything else, a hostile text too, is refused as `shape`. */
export const parseRole: (text: string) => Decoded<GuestRole> = reader(z.enum(GUEST_ROLES));
export const parseFramework: (text: string) => Decoded<Framework> = reader(z.enum(FRAMEWORKS));
export const parseStage: (text: string) => Decoded<Stage> = reader(z.enum(STAGES));
export const parseReason: (text: string) => Decoded<Reason> = reader(z.enum(REASONS));
export const parseLink: (text: string) => Decoded<Link> = reader(z.enum(LINKS));

/** `FL_HEARTBEAT`: a counter in decimal that changes about every 30 s; it may start again after a reboot. */
export const parseHeartbeat: (text: string) => Decoded<number> = reader(
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,14})$/)
    .transform(Number),
);

/** `FL_VERSION` and `FLOWER_VERSION`: three numbers, such as `1.31.0`. */
export const parseVersion: (text: string) => Decoded<string> = reader(
  z.string().regex(/^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$/),
);

/** `FL_TLS_FINGERPRINT`: SHA-256 of the certificate's DER, 32 pairs of upper-case hexadecimal digits with colons. */
export const parseFingerprint: (text: string) => Decoded<string> = reader(
  z.string().regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/),
);

function reader<T>(shape: z.ZodType<T>): (text: string) => Decoded<T> {
  return (text) => {
    const parsed = shape.safeParse(text);
    return parsed.success ? accepted(parsed.data) : refused("shape");
  };
}

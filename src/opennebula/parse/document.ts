/** OneFlow's services and service templates, as oned keeps them: documents whose BODY is JSON. */
import { z } from "zod";
import { type ServiceFacts, type ServiceState, ZoneError } from "../../federation/model/zone-facts.ts";
import { firstIssue, group, integer, type Member, parseElement, parseMembers } from "./xml.ts";

/** By OneFlow's number; taking networks down belongs to undeploying. */
const STATES: readonly ServiceState[] = [
  "pending",
  "deploying",
  "running",
  "undeploying",
  "warning",
  "done",
  "failed-undeploying",
  "failed-deploying",
  "scaling",
  "failed-scaling",
  "cooldown",
  "deploying-nets",
  "undeploying",
  "failed-deploying",
  "failed-undeploying",
  "hold",
];

const LOG_LINES = 10;
const ERROR_LINES = 3;

/** A document of the account, its body as plain data. */
export interface ParsedDocument {
  readonly id: number;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const jsonObject = z.record(z.string(), z.unknown());

const body = z.string().transform((text, context) => {
  const parsed = jsonObject.safeParse(json(text));
  if (parsed.success) return parsed.data;
  context.issues.push({ code: "custom", input: text, message: "no JSON object" });
  return z.NEVER;
});

const document = z
  .object({ ID: integer, NAME: z.string(), TEMPLATE: group({ BODY: body }) })
  .transform(({ ID, NAME, TEMPLATE }): ParsedDocument => ({ id: ID, name: NAME, body: TEMPLATE.BODY }));

/** From `documentpool.info`. Throws `ZoneError` unreadable. */
export function parseDocuments(xml: string): readonly Member<ParsedDocument>[] {
  return parseMembers(xml, "DOCUMENT_POOL", "DOCUMENT", document);
}

const typed = z.object({ TYPE: integer });

/** From `document.info`. Throws `ZoneError` unreadable. */
export function parseDocument(xml: string): ParsedDocument & { readonly type: number } {
  const { TYPE } = parseElement(xml, "DOCUMENT", typed);
  return { ...parseElement(xml, "DOCUMENT", document), type: TYPE };
}

/** The parser's own complaint quotes the text, so it is not passed on. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As a number or in digits: what is neither is no VM 0. */
const whole = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,10}$/)
      .transform(Number),
  ])
  .pipe(z.number().int().nonnegative());

const node = z.object({ deploy_id: whole });
const line = z.object({ severity: z.string().optional(), message: z.string() });

/** A list of which only those members count that can be read. */
const those = <S extends z.ZodType>(member: S) =>
  z
    .array(z.unknown())
    .nullish()
    .transform((members) =>
      (members ?? []).flatMap((found) => {
        const parsed = member.safeParse(found);
        return parsed.success ? [parsed.data] : [];
      }),
    );

// Whoever made a service outside of this program may have used another format: all but the state may be odd or missing.
const service = z.object({
  state: whole.refine((state) => state < STATES.length, "no state of a service"),
  roles: those(
    z.object({
      nodes: those(node),
      template_contents: z
        .object({ CONTEXT: z.object({ FL_ATTEMPT: z.string().optional() }).optional() })
        .nullish()
        .catch({}),
    }),
  ),
  log: those(line),
});

/** `words` makes what OneFlow wrote fit to be read. Throws `ZoneError` unreadable. */
export function serviceFacts(
  { id, name, body: written }: ParsedDocument,
  words: (text: string) => string,
): ServiceFacts {
  const parsed = service.safeParse(written);
  const state = parsed.success ? STATES[parsed.data.state] : undefined;
  if (!parsed.success || state === undefined) {
    const why = parsed.success ? "" : firstIssue(parsed.error);
    throw new ZoneError("unreadable", `Service ${id} of OneFlow was not understood: ${why}.`);
  }
  const { roles, log } = parsed.data;
  // A service that somebody made by hand of our template has the template's empty entry.
  const attempt = roles.map((role) => role.template_contents?.CONTEXT?.FL_ATTEMPT).find(Boolean);
  const last = (lines: typeof log, count: number) => lines.slice(-count).map(({ message }) => words(message));
  return {
    id,
    name: words(name),
    state,
    ...(attempt === undefined ? {} : { attempt }),
    vmIds: roles.flatMap(({ nodes }) => nodes.map(({ deploy_id }) => deploy_id)),
    log: last(log, LOG_LINES),
    errors: last(
      log.filter(({ severity }) => severity === "E"),
      ERROR_LINES,
    ),
  };
}

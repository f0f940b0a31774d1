/** OneFlow's services and service templates, as oned keeps them: documents whose BODY is JSON. */
import { z } from "zod";
import { type ServiceFacts, type ServiceState, ZoneError } from "../../federation/model/zone-facts.ts";
import { group, integer, many, parseElement } from "./xml.ts";

/** By OneFlow's number; the states of its networks belong to deploying and undeploying. */
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
  "deploying",
  "undeploying",
  "failed-deploying",
  "failed-undeploying",
  "hold",
];

const LOG_LINES = 10;
const LOG_LINE_LENGTH = 500;

/** A document of the account, its body as plain data. */
export interface ParsedDocument {
  readonly id: number;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const document = z.object({ ID: integer, NAME: z.string(), TEMPLATE: group({ BODY: z.string() }) });
const pool = group({ DOCUMENT: many(document) });
const jsonObject = z.record(z.string(), z.unknown());

/** From `documentpool.info`. Throws `ZoneError` rubbish. */
export function parseDocuments(xml: string): readonly ParsedDocument[] {
  return parseElement(xml, "DOCUMENT_POOL", pool).DOCUMENT.map(({ ID, NAME, TEMPLATE }) => ({
    id: ID,
    name: NAME,
    body: parseBody(ID, TEMPLATE.BODY),
  }));
}

function parseBody(id: number, text: string): Readonly<Record<string, unknown>> {
  try {
    return jsonObject.parse(JSON.parse(text));
  } catch (cause) {
    throw new ZoneError("rubbish", `The body of document ${id} was not understood.`, { cause });
  }
}

const node = z.object({ deploy_id: z.coerce.number().int() });

// Whoever made a service outside of this program may have used an older format: all but the state may be missing.
const service = z.object({
  state: z.coerce
    .number()
    .int()
    .min(0)
    .max(STATES.length - 1),
  roles: z
    .array(
      z.object({
        nodes: z.array(node).nullish(),
        template_contents: z
          .object({ CONTEXT: z.object({ FL_ATTEMPT: z.string().optional() }).optional() })
          .catch({})
          .optional(),
      }),
    )
    .default([]),
  log: z.array(z.object({ message: z.string() })).nullish(),
});

/** Throws `ZoneError` rubbish. */
export function serviceFacts({ id, name, body }: ParsedDocument): ServiceFacts {
  const parsed = service.safeParse(body);
  const state = parsed.success ? STATES[parsed.data.state] : undefined;
  if (!parsed.success || state === undefined) {
    throw new ZoneError("rubbish", `Service ${id} of OneFlow was not understood.`, { cause: parsed.error });
  }
  const { roles, log } = parsed.data;
  // A service that somebody made by hand of our template has the template's empty entry.
  const attempt = roles.map((role) => role.template_contents?.CONTEXT?.FL_ATTEMPT).find(Boolean);
  return {
    id,
    name,
    state,
    ...(attempt === undefined ? {} : { attempt }),
    vmIds: roles.flatMap(({ nodes }) => (nodes ?? []).map(({ deploy_id }) => deploy_id)),
    log: (log ?? []).slice(-LOG_LINES).map(({ message }) => message.slice(0, LOG_LINE_LENGTH)),
  };
}

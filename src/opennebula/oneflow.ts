/** OneFlow's REST interface: what creates and ends services. Reading them is cheaper through oned's documents. */
import { z } from "zod";
import type { ZoneErrorCode } from "../federation/model/zone-facts.ts";
import type { InstantiateRequest } from "../federation/ports.ts";
import type { Rank } from "./call-limiter.ts";
import { brokeDown, type Call, notUnderstood, refused } from "./failure.ts";
import { type Answer, type Endpoint, Line } from "./line.ts";
import type { DiskEntries } from "./parse/template.ts";

/** The largest id that oned takes. */
const NO_SERVICE = 2 ** 31 - 1;

const documentId = z
  .string()
  .regex(/^\d+$/)
  .transform(Number)
  .refine((id) => id < NO_SERVICE);
const created = z.object({ DOCUMENT: z.object({ ID: documentId }) });

export class OneFlow {
  readonly #endpoint: Endpoint;
  readonly #line: Line;
  /** When it last took the account, by the clock that nobody sets. */
  #answered = Number.NEGATIVE_INFINITY;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#line = new Line(endpoint);
  }

  /**
   * Whether OneFlow answers and takes the account, by asking for a service that cannot exist: it needs no list. It is not
   * asked where it has answered in the last `since` milliseconds.
   */
  async reach(since: number): Promise<void> {
    if (performance.now() - this.#answered < since) return;
    const path = `/service/${NO_SERVICE}`;
    const call = this.#line.describe(`GET ${path}`, false);
    const answer = await this.#send(call, "GET", path, { rank: "last" });
    if (!isGone(answer)) throw refusal(call, answer);
    this.#answered = performance.now();
  }

  /** The new service template's id. */
  async registerTemplate(body: object): Promise<number> {
    return this.#create("/service_template", body);
  }

  /**
   * The new service's id. OneFlow answers before anything is deployed: what quota, network or image refuse later is
   * told only in the service's log. `disks`, by role, take the place of the VM template's. A network that the template
   * declares gets the default behind its last `|`.
   */
  async instantiate(
    templateId: number,
    { name, userInputs, roles }: InstantiateRequest,
    disks: ReadonlyMap<string, readonly DiskEntries[]>,
  ): Promise<number> {
    const merge_template = {
      name,
      user_inputs_values: userInputs,
      roles: roles.map((role) => ({
        name: role.name,
        cardinality: role.cardinality,
        template_contents: {
          CONTEXT: role.context,
          ...(role.nics.length === 0 ? {} : { NIC: role.nics }),
          ...(disks.has(role.name) ? { DISK: disks.get(role.name) } : {}),
        },
      })),
    };
    return this.#create(`/service_template/${templateId}/action`, {
      action: { perform: "instantiate", params: { merge_template } },
    });
  }

  /** Ends a service, from whatever state. Fine if it is gone. Its VMs are another matter: some may stay. */
  async remove(serviceId: number): Promise<void> {
    const path = `/service/${serviceId}`;
    const removal = this.#line.describe(`DELETE ${path}`, true);
    const answer = await this.#send(removal, "DELETE", path);
    if (answer.status === 204 || isGone(answer)) return;
    // Every state but RUNNING, WARNING, HOLD, PENDING and UNDEPLOYING is answered so.
    if (!isOwn(answer) || !/cannot be undeployed in state/i.test(answer.text)) throw refusal(removal, answer);
    await this.#recover(`${path}/action`);
  }

  close(): void {
    this.#line.close();
  }

  async #recover(path: string): Promise<void> {
    const call = this.#line.describe(`POST ${path}`, true);
    const answer = await this.#send(call, "POST", path, {
      body: { action: { perform: "recover", params: { delete: true } } },
    });
    if (answer.status !== 204 && !isGone(answer)) throw refusal(call, answer);
  }

  async #create(path: string, body: object): Promise<number> {
    const call = this.#line.describe(`POST ${path}`, true);
    const answer = await this.#send(call, "POST", path, { body });
    if (answer.status !== 201) throw refusal(call, answer);
    const parsed = created.safeParse(json(answer.text));
    if (!parsed.success) throw notUnderstood(call, "no new document", { cause: parsed.error });
    return parsed.data.DOCUMENT.ID;
  }

  async #send(
    call: Call,
    method: "GET" | "POST" | "DELETE",
    path: string,
    { body, rank = "first" }: { readonly body?: object; readonly rank?: Rank } = {},
  ): Promise<Answer> {
    const { account } = this.#endpoint;
    const secret = (await account.current()).reveal();
    const authorization = `Basic ${Buffer.from(`${account.user}:${secret}`).toString("base64")}`;
    if (body === undefined) return this.#line.send(call, { method, path, headers: { authorization }, rank });
    const headers = { authorization, "content-type": "application/json" };
    return this.#line.send(call, { method, path, headers, body: JSON.stringify(body), rank });
  }
}

/** The document does not exist. An unknown path is also 404, but in HTML. */
function isGone(answer: Answer): boolean {
  return answer.status === 404 && isOwn(answer) && /^\[one\.document\./.test(answer.text);
}

/** OneFlow's, of errors. */
const STATUSES: ReadonlySet<number> = new Set([400, 401, 404, 500]);

/**
 * OneFlow answers errors in words, which it calls HTML all the same, and only where it fails itself in JSON. Proxies
 * answer in pages, in JSON, or in words that they call words.
 */
function isOwn({ status, type, text }: Answer): boolean {
  const isPage = text.trimStart().startsWith("<");
  const isJson = json(text) !== undefined && status !== 500;
  return STATUSES.has(status) && !isPage && !isJson && text.trim() !== "" && !/^text\/plain\b/i.test(type);
}

/**
 * What is not plainly OneFlow's own refusal leaves open whether the call was carried out: others answer in its place,
 * and where it fails itself it may have done half of it.
 */
function refusal(call: Call, answer: Answer): Error {
  const { status, text } = answer;
  if (!isOwn(answer)) return notUnderstood(call, text, { status });
  const code = refusalCode(answer);
  if (code !== undefined) return refused(call, code, text);
  return status === 500 ? brokeDown(call, text) : notUnderstood(call, text, { status });
}

/** Nothing if the answer is no refusal: OneFlow's own failures, in JSON or in plain text, have status 500 like some refusals. */
function refusalCode(answer: Answer): ZoneErrorCode | undefined {
  const { status, text } = answer;
  if (/zone disabled/i.test(text)) return "zone-disabled";
  if (/limit of \S+ reached/.test(text)) return "quota";
  if (status === 400) return "invalid";
  if (status === 401) return /not authorized/i.test(text) ? "forbidden" : "authentication";
  if (isGone(answer)) return "no-such-object";
  if (status !== 500 || text.trimStart().startsWith("{")) return undefined;
  if (/\bin state\b/i.test(text)) return "wrong-state";
  return /must be|cardinality/i.test(text) ? "invalid" : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

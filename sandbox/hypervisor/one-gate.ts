import { z } from "zod";

const REQUEST_TIMEOUT_MS = 10_000;

const vmAnswer = z.object({
  VM: z.object({ USER_TEMPLATE: z.union([z.record(z.string(), z.unknown()), z.literal(""), z.null()]).optional() }),
});

/** The zone's OneGate, as one VM may use it. */
export class OneGate {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, token, vmId }: { url: string; token: string; vmId: number }) {
    this.#url = `${url.replace(/\/+$/, "")}/vm`;
    this.#headers = { "X-ONEGATE-TOKEN": token, "X-ONEGATE-VMID": String(vmId) };
  }

  /** Adds to or replaces the VM's attributes, in one update. @throws when OneGate does not take it. */
  async put(attributes: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void> {
    const body = [...attributes].map(([name, value]) => `${name}=${value}`).join("\n");
    // The onegate client of OpenNebula says JSON of its unquoted lines too, and OneGate does not care.
    const headers = { ...this.#headers, "Content-Type": "application/json" };
    await this.#ask({ method: "PUT", headers, body }, signal);
  }

  /** The VM's attributes that are plain text. @throws when OneGate does not answer as it should. */
  async get(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const answer = vmAnswer.parse(JSON.parse(await this.#ask({ headers: this.#headers }, signal)));
    const attributes = new Map<string, string>();
    for (const [name, value] of Object.entries(answer.VM.USER_TEMPLATE || {})) {
      if (typeof value === "string") {
        attributes.set(name, value);
      }
    }
    return attributes;
  }

  async #ask(request: { method?: string; headers: Record<string, string>; body?: string }, signal: AbortSignal) {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    const response = await fetch(this.#url, { ...request, signal: deadline });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`OneGate answered ${response.status}: ${text.slice(0, 200)}`);
    }
    return text;
  }
}

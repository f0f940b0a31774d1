/**
 * What VMs were made with, read once: their TEMPLATE with the whole CONTEXT is most of what a VM shows, and stays as it
 * is from look to look while the rest changes.
 */
import { createHash } from "node:crypto";
import { childrenOf, type Piece } from "./outline.ts";

export class KeptTemplates<T> {
  readonly #wanted: ReadonlySet<string>;
  readonly #read: (xml: string) => T;
  #before: ReadonlyMap<string, T> = new Map();
  #now = new Map<string, T>();

  /** `wanted` are the elements of a VM that anybody looks at. `read` gets one TEMPLATE element, and may throw. */
  constructor(wanted: ReadonlySet<string>, read: (xml: string) => T) {
    this.#wanted = wanted;
    this.#read = read;
  }

  /** A TEMPLATE that was not seen since the last round is forgotten. */
  nextRound(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /**
   * A pool in which each VM shows what is wanted alone, and what `kept` knows its TEMPLATE by in place of that. A VM
   * without just one TEMPLATE that can be read stays whole: whoever reads it says what is wrong with it.
   */
  abridged(xml: string): string {
    const parts: string[] = [];
    let from = 0;
    for (const vm of (childrenOf(xml) ?? []).filter(({ name }) => name === "VM")) {
      const short = this.#short(xml, vm);
      if (short === undefined) continue;
      parts.push(xml.slice(from, vm.from), short);
      from = vm.to;
    }
    return parts.length === 0 ? xml : `${parts.join("")}${xml.slice(from)}`;
  }

  /** undefined: this is no TEMPLATE that gave way. */
  kept(template: unknown): T | undefined {
    return typeof template === "string" ? this.#now.get(template) : undefined;
  }

  #short(xml: string, vm: Piece): string | undefined {
    const pieces = childrenOf(xml, vm.from, vm.to) ?? [];
    const [template, ...more] = pieces.filter(({ name }) => name === "TEMPLATE");
    if (template === undefined || more.length > 0) return undefined;
    const key = this.#keep(xml.slice(template.from, template.to));
    if (key === undefined) return undefined;
    const shown = pieces
      .filter(({ name }) => name !== "TEMPLATE" && this.#wanted.has(name))
      .map(({ from, to }) => xml.slice(from, to));
    return `<VM>${shown.join("")}<TEMPLATE>${key}</TEMPLATE></VM>`;
  }

  #keep(xml: string): string | undefined {
    const key = createHash("sha256").update(xml).digest("hex");
    if (this.#now.has(key)) return key;
    try {
      this.#now.set(key, this.#before.get(key) ?? this.#read(xml));
      return key;
    } catch {
      return undefined;
    }
  }
}

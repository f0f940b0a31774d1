/** The OneFlow documents that the bot's account has in a zone, read from oned: OneFlow itself is slow. */
import { type ServiceFacts, type ServiceProof, type Unreadable, ZoneError } from "../federation/model/zone-facts.ts";
import { type ParsedDocument, parseDocument, parseDocuments, serviceFacts } from "./parse/document.ts";
import { readable } from "./parse/xml.ts";
import { readPool } from "./pool.ts";
import type { Reading } from "./xmlrpc.ts";

const OWN = -3;
const SERVICE = 100;
const SERVICE_TEMPLATE = 101;

/** A service with the agent in its CONTEXT is below 90 kB. */
const DOCUMENTS_PER_PAGE = 16;

/** Each document that cannot be read spoils the two pairs that it is in. */
const MAX_SPOILT_PAIRS = 4;

/** Stands for the number of a document that shows none. */
const NAMELESS = -1;

type Listed = { readonly id: number; readonly value: ParsedDocument } | { readonly id: number; readonly why: string };

export interface SeenServices {
  readonly services: readonly ServiceFacts[];
  readonly unreadable: readonly Unreadable[];
}

export class AccountDocuments {
  readonly #oned: Reading;
  readonly #words: (text: string) => string;

  /** `words` makes what others wrote fit to be read. */
  constructor(oned: Reading, words: (text: string) => string) {
    this.#oned = oned;
    this.#words = words;
  }

  /** The account's services, whatever their state. */
  async services(): Promise<SeenServices> {
    const services: ServiceFacts[] = [];
    const unreadable: Unreadable[] = [];
    for (const listed of await this.#pool(SERVICE)) {
      const read = "value" in listed ? this.#facts(listed.value) : listed;
      if (!("why" in read)) services.push(read);
      else {
        const id = listed.id === NAMELESS ? null : listed.id;
        unreadable.push({ kind: "service", id, why: this.#words(read.why) });
      }
    }
    return { services, unreadable };
  }

  async service(serviceId: number): Promise<ServiceProof> {
    try {
      const document = parseDocument(await this.#oned.read("one.document.info", serviceId, false));
      return document.type === SERVICE ? serviceFacts(document, this.#words) : "gone";
    } catch (error) {
      if (!(error instanceof ZoneError)) throw error;
      if (error.code === "no-such-object") return "gone";
      if (error.code === "forbidden" || spoilt(error)) return "unproven";
      throw error;
    }
  }

  /** Templates that cannot be read are none of ours. */
  async serviceTemplates(): Promise<readonly ParsedDocument[]> {
    return readable(await this.#pool(SERVICE_TEMPLATE));
  }

  #facts(document: ParsedDocument): ServiceFacts | { readonly why: string } {
    try {
      return serviceFacts(document, this.#words);
    } catch (error) {
      if (error instanceof ZoneError) return { why: error.message };
      throw error;
    }
  }

  #pool(type: number): Promise<readonly Listed[]> {
    return readPool(DOCUMENTS_PER_PAGE, (offset) => this.#page(type, offset));
  }

  /** A page that cannot be read is read anew in pairs: so the document is found that is too large or spoils it. */
  async #page(type: number, offset: number): Promise<readonly Listed[]> {
    try {
      return await this.#fetch(type, offset, DOCUMENTS_PER_PAGE);
    } catch (error) {
      if (!spoilt(error)) throw error;
      return this.#inPairs(type, offset, error);
    }
  }

  /** Each pair overlaps the next by one. Pages of a single document do not exist: oned takes their end for an id. */
  async #inPairs(type: number, offset: number, error: ZoneError): Promise<readonly Listed[]> {
    const found: Listed[] = [];
    let following: Listed | undefined;
    let spoiltPairs = 0;
    for (let index = 0; index < DOCUMENTS_PER_PAGE; index += 1) {
      const pair = await this.#pair(type, offset + index);
      if (pair === undefined) spoiltPairs += 1;
      // That is not a document or two: it is the zone that cannot be read.
      if (spoiltPairs > MAX_SPOILT_PAIRS) throw error;
      const first = pair === undefined ? (following ?? { id: NAMELESS, why: error.message }) : pair[0];
      if (first === undefined) break;
      found.push(first);
      following = pair?.[1];
    }
    return found;
  }

  async #pair(type: number, offset: number): Promise<readonly Listed[] | undefined> {
    try {
      return await this.#fetch(type, offset, 2);
    } catch (error) {
      if (spoilt(error)) return undefined;
      throw error;
    }
  }

  async #fetch(type: number, offset: number, size: number): Promise<readonly Listed[]> {
    const members = parseDocuments(await this.#oned.read("one.documentpool.info", OWN, offset, -size, type));
    return members.map((member) => ("value" in member ? member : { id: member.id ?? NAMELESS, why: member.why }));
  }
}

const spoilt = (error: unknown): error is ZoneError =>
  error instanceof ZoneError && (error.code === "too-large" || error.code === "unreadable");

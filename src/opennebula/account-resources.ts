/** What the bot's account has in a zone: its VMs and its OneFlow documents. */
import { type ServiceFacts, type VmFacts, ZoneError } from "../federation/model/zone-facts.ts";
import { type ParsedDocument, parseDocuments, serviceFacts } from "./parse/document.ts";
import { parseVmIds, parseVms } from "./parse/vm.ts";
import { readPool } from "./pool.ts";
import type { XmlRpc } from "./xmlrpc.ts";

const OWN = -3;
const NOT_DONE = -1;
const SERVICE = 100;
const SERVICE_TEMPLATE = 101;

/** A listed VM is about 1 kB, a service with the agent in its CONTEXT below 60 kB. */
const VMS_PER_PAGE = 256;
const DOCUMENTS_PER_PAGE = 16;

/** Larger answers are slow to fetch and block the loop while they are parsed. */
const WANTED_BYTES = 768 * 1024;
/** Small VMs are many elements: what takes long to parse is those, not the bytes. */
const MAX_BATCH = 40;

export class AccountResources {
  readonly #oned: XmlRpc;
  /** What a VM came to last time; at first, what one with our CONTEXT comes to. */
  #bytesPerVm = 48 * 1024;

  constructor(oned: XmlRpc) {
    this.#oned = oned;
  }

  async services(): Promise<readonly ServiceFacts[]> {
    return (await this.#documents(SERVICE)).map(serviceFacts);
  }

  serviceTemplates(): Promise<readonly ParsedDocument[]> {
    return this.#documents(SERVICE_TEMPLATE);
  }

  /** Every VM that is not done, with CONTEXT and USER_TEMPLATE. The list leaves both out, so they are fetched by id. */
  async vms(): Promise<readonly VmFacts[]> {
    const ids = await readPool(VMS_PER_PAGE, async (offset) => {
      const xml = await this.#oned.read("one.vmpool.info", OWN, offset, -VMS_PER_PAGE, NOT_DONE);
      return parseVmIds(xml).map((id) => ({ id }));
    });
    const wanted = ids.map(({ id }) => id).sort((one, other) => one - other);
    const vms: VmFacts[] = [];
    while (wanted.length > 0) {
      const size = Math.min(MAX_BATCH, Math.max(1, Math.floor(WANTED_BYTES / this.#bytesPerVm)));
      const batch = wanted.slice(0, size);
      const answer = await this.#vmBatch(batch);
      if (answer === undefined) continue;
      vms.push(...answer);
      wanted.splice(0, batch.length);
    }
    return vms;
  }

  /** Nothing if the answer was too large: then the next try asks for fewer. */
  async #vmBatch(ids: readonly number[]): Promise<readonly VmFacts[] | undefined> {
    try {
      const xml = await this.#oned.read("one.vmpool.infoset", ids.join(","), true);
      const vms = parseVms(xml);
      if (vms.length > 0) this.#bytesPerVm = Math.ceil(xml.length / vms.length);
      return vms;
    } catch (error) {
      if (!(error instanceof ZoneError) || error.code !== "too-large" || ids.length === 1) throw error;
      this.#bytesPerVm = Math.ceil((WANTED_BYTES / ids.length) * 2);
      return undefined;
    }
  }

  #documents(type: number): Promise<readonly ParsedDocument[]> {
    return readPool(DOCUMENTS_PER_PAGE, async (offset) =>
      parseDocuments(await this.#oned.read("one.documentpool.info", OWN, offset, -DOCUMENTS_PER_PAGE, type)),
    );
  }
}

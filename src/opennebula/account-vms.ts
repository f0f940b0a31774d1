/** The VMs that the bot's account has in a zone. */
import { type Unreadable, type VmFacts, type VmProof, ZoneError } from "../federation/model/zone-facts.ts";
import { KeptTexts } from "./kept-texts.ts";
import { parseListedState, parseVmIds, parseVmState, VmReader } from "./parse/vm.ts";
import { countElements, type Member } from "./parse/xml.ts";
import { readPool } from "./pool.ts";
import { SetAside } from "./set-aside.ts";
import type { Reading } from "./xmlrpc.ts";

const OWN = -3;
const NOT_DONE = -1;
const ANY_STATE = -2;

/** A listed VM is about 1 kB. */
const VMS_PER_PAGE = 256;

/** Larger answers are slow to fetch and block the loop while they are parsed. */
const WANTED_BYTES = 768 * 1024;
/** More than this is not parsed at all: all that the protocol may say in one VM is well below. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Small VMs are many elements: what takes long to parse is those, not the bytes. */
const MAX_BATCH = 40;
/** A VM has a few hundred. Whoever has one may write many thousands into it. */
const MAX_ELEMENTS = 16_000;
/** Times in a look that a batch is read again in two halves, to find which VM spoils it. */
const MAX_SPLITS = 32;

export interface SeenVms {
  readonly vms: readonly VmFacts[];
  readonly unreadable: readonly Unreadable[];
}

/** Which VM shows no number is found only by asking for each. */
function numbered(member: Member<VmFacts>): { readonly id: number; readonly member: Member<VmFacts> } {
  if (member.id === null) throw new ZoneError("unreadable", "A VM shows no number.");
  return { id: member.id, member };
}

const isSpoilt = (error: unknown): error is ZoneError =>
  error instanceof ZoneError && (error.code === "too-large" || error.code === "unreadable");

/** One look, while it is under way. */
interface Look {
  readonly vms: VmFacts[];
  readonly unreadable: Unreadable[];
  splits: number;
}

export class AccountVms {
  readonly #oned: Reading;
  readonly #words: (text: string) => string;
  readonly #texts = new KeptTexts();
  readonly #vms: VmReader;
  readonly #aside = new SetAside();
  /** What a VM came to last time; at first, what one with our CONTEXT comes to. */
  #bytesPerVm = 48 * 1024;

  /** `words` makes what others wrote fit to be read. */
  constructor(oned: Reading, words: (text: string) => string) {
    this.#oned = oned;
    this.#words = words;
    this.#vms = new VmReader({ words, value: (text) => this.#texts.keep(text) });
  }

  /** Every VM that is not done, with CONTEXT and USER_TEMPLATE: one call for as many as fit into an answer. */
  async look(): Promise<SeenVms> {
    this.#texts.nextRound();
    this.#vms.nextRound();
    if (!this.#aside.isEmpty) return this.#lookOneByOne();
    try {
      return await this.#lookByPage();
    } catch (error) {
      if (!isSpoilt(error)) throw error;
      return this.#lookOneByOne();
    }
  }

  async #lookByPage(): Promise<SeenVms> {
    // Pages overlap by one, so that a page of one would never end.
    const size = Math.max(2, this.#batch);
    const listed = await readPool(size, async (offset) => {
      const xml = await this.#oned.read("one.vmpool.infoextended", OWN, offset, -size, NOT_DONE);
      return this.#parse(xml, "A page of VMs is").map(numbered);
    });
    const look: Look = { vms: [], unreadable: [], splits: 0 };
    const inOrder = listed.toSorted((one, other) => one.id - other.id);
    this.#take(
      [],
      inOrder.map(({ member }) => member),
      look,
    );
    return { vms: look.vms, unreadable: look.unreadable };
  }

  /** Where an answer cannot be read whole, the VMs are listed and then fetched by id, to find the one that spoils it. */
  async #lookOneByOne(): Promise<SeenVms> {
    const ids = await this.#ids();
    const look: Look = { vms: [], unreadable: [], splits: 0 };
    this.#aside.begin(ids);
    const wanted = ids.filter((id) => !this.#aside.has(id));
    for (const id of ids.filter((one) => this.#aside.has(one))) {
      const why = this.#aside.why(id);
      if (why === undefined) await this.#read([id], look);
      else look.unreadable.push({ kind: "vm", id, why });
    }
    while (wanted.length > 0) {
      await this.#read(wanted.splice(0, this.#batch), look);
    }
    return { vms: look.vms, unreadable: look.unreadable };
  }

  get #batch(): number {
    return Math.min(MAX_BATCH, Math.max(1, Math.floor(WANTED_BYTES / this.#bytesPerVm)));
  }

  /** A VM that is too large to be shown whole is still listed with its state. */
  async proof(vmId: number): Promise<VmProof> {
    try {
      return (await this.#state(vmId)) === "done" ? "done" : "present";
    } catch (error) {
      if (error instanceof ZoneError && (error.code === "forbidden" || error.code === "no-such-object"))
        return "unproven";
      if (!(error instanceof ZoneError) || error.code !== "too-large") throw error;
      const state = parseListedState(await this.#oned.read("one.vmpool.info", OWN, vmId, vmId, ANY_STATE), vmId);
      if (state === undefined) return "unproven";
      return state === "done" ? "done" : "present";
    }
  }

  async #state(vmId: number) {
    const xml = await this.#oned.read("one.vm.info", vmId, false);
    mustBeSmall(xml, `VM ${vmId} is`);
    return parseVmState(xml);
  }

  async #ids(): Promise<readonly number[]> {
    const ids = await readPool(VMS_PER_PAGE, async (offset) => {
      const xml = await this.#oned.read("one.vmpool.info", OWN, offset, -VMS_PER_PAGE, NOT_DONE);
      return parseVmIds(xml).map((id) => ({ id }));
    });
    return ids.map(({ id }) => id).sort((one, other) => one - other);
  }

  /** Reads a batch; one that cannot be read is halved, until the VM is found that cannot. */
  async #read(ids: readonly number[], look: Look): Promise<void> {
    try {
      this.#take(ids, await this.#fetch(ids), look);
    } catch (error) {
      if (!isSpoilt(error)) throw error;
      const [only] = ids;
      if (ids.length > 1 || only === undefined) return this.#halve(ids, look, error);
      this.#aside.put(only, error.message);
      look.unreadable.push({ kind: "vm", id: only, why: error.message });
    }
  }

  async #halve(ids: readonly number[], look: Look, error: ZoneError): Promise<void> {
    look.splits += 1;
    if (look.splits > MAX_SPLITS) throw error;
    const middle = Math.ceil(ids.length / 2);
    await this.#read(ids.slice(0, middle), look);
    await this.#read(ids.slice(middle), look);
  }

  async #fetch(ids: readonly number[]): Promise<readonly Member<VmFacts>[]> {
    const what = ids.length === 1 ? `VM ${ids[0]} is` : "These VMs are";
    return this.#parse(await this.#oned.read("one.vmpool.infoset", ids.join(","), true), what);
  }

  #parse(xml: string, what: string): readonly Member<VmFacts>[] {
    mustBeSmall(xml, what);
    const members = this.#vms.read(xml);
    if (members.length > 0) this.#bytesPerVm = Math.ceil(xml.length / members.length);
    return members;
  }

  #take(ids: readonly number[], members: readonly Member<VmFacts>[], look: Look): void {
    const told = new Set(members.map(({ id }) => id));
    // A VM that shows no number is one of those that were asked for and did not come; without such, those are gone.
    const nameless = told.has(null) ? ids.filter((id) => !told.has(id)) : [];
    for (const member of members) {
      if ("value" in member) look.vms.push(member.value);
      else if (member.id !== null) look.unreadable.push({ kind: "vm", id: member.id, why: this.#words(member.why) });
    }
    for (const id of nameless) look.unreadable.push({ kind: "vm", id, why: "It shows no number." });
    for (const id of ids) if (told.has(id)) this.#aside.takeBack(id);
  }
}

/** Throws `ZoneError` too-large for what would hold everything else up while it is parsed. */
function mustBeSmall(xml: string, what: string): void {
  const most =
    xml.length > MAX_BYTES
      ? `${MAX_BYTES / 1024 / 1024} MB`
      : countElements(xml) > MAX_ELEMENTS
        ? `${MAX_ELEMENTS} elements`
        : null;
  if (most !== null) throw new ZoneError("too-large", `${what} larger than ${most}, which is not read.`);
}

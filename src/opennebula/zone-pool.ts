/**
 * The zones that an OpenNebula federation lists, asked again and again: where each is, and whether it is disabled. While
 * nobody answers, what was listed last counts, also after a start.
 */
import type { ZoneName } from "../federation/model/identity.ts";
import { ZoneError } from "../federation/model/zone-facts.ts";
import {
  differenceKey,
  differenceWords,
  membersOf,
  newcomersWords,
  type PoolDifference,
  type PoolEntry,
  type PoolMembers,
  type PoolWords,
  type PoolZone,
} from "../federation/model/zone-pool.ts";
import type { Log, ZonePoolFile } from "../federation/ports.ts";
import type { Credentials } from "./credentials.ts";
import { foreignText } from "./foreign-text.ts";
import type { Endpoint } from "./line.ts";
import { parseZonePool } from "./parse/zone-pool.ts";
import { XmlRpc } from "./xmlrpc.ts";

export interface ZonePoolOptions {
  readonly url: URL;
  readonly account: Credentials;
  readonly ca?: string;
  /** Milliseconds that one call may take, and between two looks. */
  readonly deadline: number;
  readonly interval: number;
  readonly entries: readonly PoolEntry[];
  readonly file: ZonePoolFile;
  readonly onCall: NonNullable<Endpoint["onCall"]>;
  readonly log: Log;
}

/** In the place of a zone's name, as in "Zone pool refused …". */
export const POOL = "pool";

const MOST_ZONES = 1000;
const MOST_NAME = 128;
const MOST_ADDRESS = 300;
/** Told one by one when the bot starts; the doctor lists them all. */
const MOST_TOLD = 10;

/** Reads the pool once. Throws `ZoneError`. */
export async function readZonePool(oned: XmlRpc, { redactor }: Credentials): Promise<readonly PoolZone[]> {
  const zones = parseZonePool(await oned.read("one.zonepool.info")).slice(0, MOST_ZONES);
  if (zones.length === 0) throw new ZoneError("unreadable", "The zone pool lists no zone, not even its own.");
  return zones.map(({ name, endpoint, ...rest }) => ({
    ...rest,
    name: foreignText(redactor, name, MOST_NAME),
    endpoint: foreignText(redactor, endpoint, MOST_ADDRESS),
  }));
}

export class ZonePool {
  readonly #options: ZonePoolOptions;
  readonly #oned: XmlRpc;
  #members: PoolMembers;
  /** Of every zone that was ever told to be without an entry, and of what else differs now. */
  readonly #offered = new Set<number>();
  #told: ReadonlySet<string> = new Set();
  #isFirst = true;
  #isAway = false;
  /** When it answered last, by the clock that nobody sets. */
  #answered: number | null = null;
  #onMoved: (zone: ZoneName) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ZonePoolOptions) {
    const { url, account, ca, deadline, entries, file, onCall } = options;
    const { known } = file;
    this.#options = options;
    this.#oned = new XmlRpc({
      zone: POOL,
      url: () => url,
      account,
      ...(ca === undefined ? {} : { ca }),
      deadline,
      inFlight: 1,
      onCall,
    });
    for (const { id } of known?.zones ?? []) this.#offered.add(id);
    const members = membersOf(entries, known?.zones ?? [], known?.addresses ?? new Map());
    // Of a pool that has never answered nothing differs yet.
    this.#members = known === null ? { ...members, differences: [] } : members;
  }

  /** Throws `ZoneError` where it is not known, or not to be gone to. */
  addressOf(zone: ZoneName): URL {
    const address = this.#members.addresses.get(zone);
    if (address !== undefined) return new URL(address);
    const why = this.#members.differences.find((one) => "zone" in one && one.zone === zone && one.kind !== "disabled");
    const said = why === undefined ? "The zone pool has not answered yet, and only it knows where the zone is." : "";
    throw new ZoneError(
      "unreachable",
      why === undefined ? said : `${differenceWords(why).sentence} ${differenceWords(why).remedy}`,
    );
  }

  get disabled(): ReadonlySet<ZoneName> {
    return this.#members.disabled;
  }

  /** For the operator's metrics. `age`: milliseconds since it answered last. */
  state(): { readonly age: number | null; readonly differences: number; readonly disabled: ReadonlySet<ZoneName> } {
    const age = this.#answered === null ? null : performance.now() - this.#answered;
    return { age, differences: this.#members.differences.length, disabled: this.disabled };
  }

  /**
   * Looks again and again. Where nothing is known yet, the first look is over when it returns. `onMoved` hears where an
   * address is known, or is another than before.
   */
  async start(onMoved: (zone: ZoneName) => void): Promise<void> {
    this.#onMoved = onMoved;
    const isBlind = this.#members.addresses.size === 0;
    const first = this.look().finally(() => this.#schedule());
    if (isBlind) await first;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#oned.close();
  }

  async look(): Promise<void> {
    let zones: readonly PoolZone[];
    try {
      zones = await readZonePool(this.#oned, this.#options.account);
    } catch (error) {
      this.#miss(error);
      return;
    }
    if (!this.#stopped) await this.#conclude(zones);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.look().finally(() => this.#schedule()), this.#options.interval);
  }

  #miss(error: unknown): void {
    if (this.#isAway || this.#stopped) return;
    this.#isAway = true;
    const { log } = this.#options;
    const known = this.#members.addresses.size;
    const counts = known === 0 ? "Nothing is known of it yet." : "What it listed last counts until it answers again.";
    if (error instanceof ZoneError) log.warn({ code: error.code }, `${error.message} ${counts}`);
    else log.error({ err: error }, `A look at the zone pool broke off. ${counts}`);
  }

  async #conclude(zones: readonly PoolZone[]): Promise<void> {
    const { entries, log } = this.#options;
    if (this.#isAway) log.info({}, "The zone pool answers again.");
    this.#isAway = false;
    this.#answered = performance.now();
    const before = this.#members;
    this.#members = membersOf(entries, zones, before.addresses);
    await this.#keep(zones);
    this.#tellMoves(before);
    this.#tellDifferences();
    this.#isFirst = false;
  }

  #tellMoves(before: PoolMembers): void {
    const { log } = this.#options;
    for (const [zone, address] of this.#members.addresses) {
      const old = before.addresses.get(zone);
      if (old === address) continue;
      if (old !== undefined) log.warn({ zone, from: old, to: address }, "The zone pool names another address.");
      this.#onMoved(zone);
    }
    for (const zone of before.disabled)
      if (!this.#members.disabled.has(zone)) log.info({ zone }, "The zone is enabled in the zone pool again.");
  }

  /** Each once while it stands; zones without an entry once for ever, and together. */
  #tellDifferences(): void {
    const { differences } = this.#members;
    const newcomers = differences.flatMap((one) => (one.kind === "not-in-file" ? [one.member] : []));
    const standing = differences.filter(({ kind }) => kind !== "not-in-file");
    const fresh = standing.filter((one) => !this.#told.has(differenceKey(one)));
    this.#told = new Set(standing.map(differenceKey));
    for (const one of fresh.slice(0, MOST_TOLD)) this.#tell(differenceWords(one), one);
    const [first, ...others] = newcomers.filter(({ id }) => !this.#offered.has(id));
    if (first !== undefined) this.#tell(newcomersWords([first, ...others]));
    for (const { id } of newcomers) this.#offered.add(id);
    const offered = first === undefined ? 0 : others.length + 1;
    const before = this.#isFirst ? newcomers.length - offered : 0;
    const more = Math.max(0, fresh.length - MOST_TOLD) + before;
    if (more > 0)
      this.#options.log.warn(
        { more },
        "Zone pool and zones file differ in more than is told here: the doctor lists it.",
      );
  }

  #tell({ sentence, remedy }: PoolWords, about?: PoolDifference): void {
    this.#options.log.warn(about !== undefined && "zone" in about ? { zone: about.zone } : {}, `${sentence} ${remedy}`);
  }

  async #keep(zones: readonly PoolZone[]): Promise<void> {
    try {
      await this.#options.file.keep({ zones, addresses: this.#members.addresses });
    } catch (error) {
      this.#options.log.error({ err: error }, "What the zone pool lists could not be kept.");
    }
  }
}

/**
 * An account that shows zones a login token instead of its password, which goes to one address alone: the zone pool's, or
 * the zone's own. A token is good in every zone of an OpenNebula federation and OpenNebula keeps ten of an account, so it is
 * one for all zones, and one that is there already is used again: however often the bot is started, few are left behind.
 */
import { ZoneError } from "../federation/model/zone-facts.ts";
import type { Checkpoint, Log } from "../federation/ports.ts";
import { credential, Redactor, type Revealing, Secret } from "../secret.ts";
import { byPassword, type Credentials } from "./credentials.ts";
import type { Endpoint } from "./line.ts";
import { parseLoginTokens, type ShownToken } from "./parse/login-tokens.ts";
import { XmlRpc } from "./xmlrpc.ts";

export interface TokenLoginOptions {
  /** Where tokens are made, as people know it: a zone's name, or `pool`. */
  readonly where: string;
  readonly url: () => URL;
  readonly user: string;
  readonly password: Revealing;
  readonly ca?: string;
  /** Milliseconds that a token is good for; it is renewed when half of that is over. */
  readonly life: number;
  /** Milliseconds that one call may take. */
  readonly deadline: number;
  /** Milliseconds: the pause after a failure, and what it grows to. */
  readonly retries: { readonly first: number; readonly longest: number };
  readonly checkpoint?: Checkpoint;
  /** Hears each token, so that no text shows it. */
  readonly learn?: (secret: Secret) => void;
  readonly onCall: NonNullable<Endpoint["onCall"]>;
  readonly log: Log;
}

const CALLER = -1;
const ALL_GROUPS = -1;
const SECOND = 1000;
/** Milliseconds: a token that lasts longer than ours is another's. */
const TOLERANCE = 5 * 60_000;

interface Held {
  readonly secret: Secret;
  /** By the clock that nobody sets. */
  readonly renewAt: number;
  readonly endsAt: number;
}

interface Failure {
  readonly error: unknown;
  readonly count: number;
  readonly until: number;
}

/** Milliseconds that a token is good for by the zone's own clock. */
interface Alive extends ShownToken {
  readonly left: number;
}

export class TokenLogin implements Credentials {
  readonly user: string;
  readonly redactor: Redactor;
  readonly #options: TokenLoginOptions;
  readonly #oned: XmlRpc;
  /** Milliseconds by which the zone's clock is ahead of this machine's. */
  #ahead = 0;
  #held: Held | null = null;
  #made: Secret | null = null;
  #obtaining: Promise<Held> | null = null;
  #failure: Failure | null = null;
  /** Until when a zone that refuses the token is not believed, as it was shown to be good. */
  #vouchedUntil = 0;

  constructor(options: TokenLoginOptions) {
    const { user, password, where, url, ca, deadline, onCall } = options;
    this.#options = options;
    this.user = user;
    this.redactor = new Redactor([password, credential(user, password)]);
    this.#oned = new XmlRpc({
      zone: where,
      url,
      account: { ...byPassword(user, password), redactor: this.redactor },
      ...(ca === undefined ? {} : { ca }),
      deadline,
      inFlight: 1,
      onCall,
      onDate: (date) => this.#noteDate(date),
    });
  }

  async current(): Promise<Secret> {
    const now = performance.now();
    const held = this.#held;
    if (held === null || now >= held.endsAt) return (await this.#obtain()).secret;
    // What fails now is tried again later; until its end the token goes on.
    if (now >= held.renewAt) this.#obtain().catch(() => undefined);
    return held.secret;
  }

  async replace(refused: Secret): Promise<boolean> {
    const isThis = (held: Held | null): boolean => held?.secret.reveal() === refused.reveal();
    if (!isThis(this.#held)) return true;
    if (performance.now() >= this.#vouchedUntil && !isThis(await this.#obtain())) return true;
    // Asked again and again it would say the same of a zone that does not know its own federation's tokens.
    if (performance.now() >= this.#vouchedUntil) this.#vouchedUntil = performance.now() + this.#options.retries.longest;
    throw this.#vouched();
  }

  #vouched(): ZoneError {
    return new ZoneError(
      "unreachable",
      `The zone refuses a login token of the account ${this.user} that zone ${this.#options.where} takes. It may not have heard of it yet; if this stays, look whether the zone belongs to the same OpenNebula federation.`,
    );
  }

  /** Takes back the token that was made here, if one was: for whoever has only had a look. */
  async revoke(): Promise<void> {
    const made = this.#made;
    this.#made = null;
    if (made !== null) await this.#oned.obtain("one.user.login", this.user, made.reveal(), 0, ALL_GROUPS);
  }

  close(): void {
    this.#oned.close();
  }

  /** Once for all who wait. After a failure nothing is asked for a while. */
  #obtain(): Promise<Held> {
    if (this.#obtaining !== null) return this.#obtaining;
    if (this.#failure !== null && performance.now() < this.#failure.until) return Promise.reject(this.#failure.error);
    const obtaining = this.#logIn().finally(() => {
      this.#obtaining = null;
    });
    this.#obtaining = obtaining;
    return obtaining;
  }

  async #logIn(): Promise<Held> {
    const { where, log } = this.#options;
    try {
      const held = await this.#find();
      if (this.#failure !== null) log.info({ where }, "A login token could be had again.");
      this.#failure = null;
      this.#held = held;
      return held;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): unknown {
    const { retries, where, log } = this.#options;
    const count = (this.#failure?.count ?? 0) + 1;
    const pause = Math.min(retries.longest, retries.first * 2 ** Math.min(count - 1, 20));
    const told = error instanceof ZoneError ? this.#explained(error) : error;
    this.#failure = { error: told, count, until: performance.now() + pause };
    if (count === 1) log.warn({ where, err: told }, "No login token could be had; it is tried again until it can.");
    return told;
  }

  /** Nothing was asked of the zone itself. What does not depend on the account may pass. */
  #explained(error: ZoneError): ZoneError {
    const code = error.code === "authentication" ? error.code : "unreachable";
    return new ZoneError(code, `No login token could be had for the bot's account ${this.user}. ${error.message}`, {
      cause: error,
    });
  }

  /** One that is there already and lasts, or a new one; where no more can be made, the one that lasts longest. */
  async #find(): Promise<Held> {
    const [best] = await this.#alive();
    const { life } = this.#options;
    if (best !== undefined && best.left > life / 2 && best.left <= life + TOLERANCE) return this.#hold(best);
    try {
      return this.#hold({ value: await this.#make(), left: life });
    } catch (error) {
      if (best === undefined || !(error instanceof ZoneError) || error.code !== "invalid") throw error;
      return { ...this.#hold(best), renewAt: performance.now() + this.#options.retries.longest };
    }
  }

  async #alive(): Promise<readonly Alive[]> {
    const shown = parseLoginTokens(await this.#oned.read("one.user.info", CALLER));
    const now = Date.now() + this.#ahead;
    return shown
      .filter(({ end, group }) => group === ALL_GROUPS && end >= 0)
      .map((token): Alive => ({ ...token, left: token.end * SECOND - now }))
      .filter(({ left }) => left > 0)
      .sort((one, other) => other.left - one.left);
  }

  async #make(): Promise<string> {
    const { checkpoint, life, where } = this.#options;
    await checkpoint?.("login:before-token", where);
    const seconds = Math.max(1, Math.round(life / SECOND));
    const token = await this.#oned.obtain("one.user.login", this.user, "", seconds, ALL_GROUPS);
    this.#made = new Secret(token);
    await checkpoint?.("login:after-token", where);
    this.#options.log.info({ where, seconds }, "A login token was made.");
    return token;
  }

  #hold({ value, left }: Pick<Alive, "value" | "left">): Held {
    const secret = new Secret(value);
    for (const shown of [secret, credential(this.user, secret)]) {
      this.redactor.learn(shown);
      this.#options.learn?.(shown);
    }
    const endsAt = performance.now() + left;
    return { secret, renewAt: endsAt - this.#options.life / 2, endsAt };
  }

  #noteDate(date: string): void {
    const told = Date.parse(date);
    if (!Number.isNaN(told)) this.#ahead = told - Date.now();
  }
}

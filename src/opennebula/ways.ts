/** How each zone of the zones file is reached: as the file says it, as the zone pool does, and with which proof of the account. */
import type { ZoneName } from "../federation/model/identity.ts";
import type { PoolEntry } from "../federation/model/zone-pool.ts";
import type { Checkpoint, Log, ZonePoolFile } from "../federation/ports.ts";
import type { Secret } from "../secret.ts";
import { byPassword, type Credentials } from "./credentials.ts";
import { TokenLogin, type TokenLoginOptions } from "./token-login.ts";
import type { Way, ZoneDoor } from "./zone.ts";
import { POOL, ZonePool } from "./zone-pool.ts";

/** What the zones file says of the account in a zone. */
export interface AccessWish extends PoolEntry {
  readonly login: "password" | "token";
  readonly user: string;
  readonly password: Secret;
  readonly ca?: string;
  readonly deadlines: { readonly xmlrpc: number };
}

export interface PoolWish {
  readonly xmlrpc: string;
  readonly user: string;
  readonly password: Secret;
  readonly ca?: string;
  readonly deadline: number;
  readonly interval: number;
}

export interface WaysOptions {
  readonly pool: PoolWish | null;
  readonly access: Iterable<AccessWish>;
  readonly file: ZonePoolFile;
  /** Milliseconds that a login token is good for. */
  readonly tokenLife: number;
  readonly retries: TokenLoginOptions["retries"];
  readonly checkpoint?: Checkpoint;
  readonly learn?: (secret: Secret) => void;
  /** Hears of every call to the pool and for a login: where it went, a zone's name or `pool`, and how it went. */
  readonly onCall?: (where: string, took: number, outcome: string) => void;
  readonly log: Log;
}

export interface Ways {
  readonly pool: ZonePool | null;
  readonly to: ReadonlyMap<ZoneName, Way>;
  /** Takes back the login tokens that were made for these ways. */
  revoke(): Promise<void>;
  close(): void;
}

/** All that is known of how to reach a zone, for whoever opens it. */
export const doorsOf = (access: Iterable<DoorWish>, { to }: Ways): ReadonlyMap<ZoneName, ZoneDoor> =>
  new Map(
    [...access].flatMap(({ name, oneflow, ca, deadlines, inFlight }) => {
      const way = to.get(name);
      const optional = { ...(oneflow === undefined ? {} : { oneflow }), ...(ca === undefined ? {} : { ca }) };
      return way === undefined ? [] : [[name, { ...way, ...optional, deadlines, inFlight }] as const];
    }),
  );

type DoorWish = Pick<AccessWish, "name"> & Omit<ZoneDoor, keyof Way>;

export function openWays(options: WaysOptions): Ways {
  const wishes = [...options.access];
  const pool = options.pool === null ? null : poolOf(options.pool, wishes, options);
  const logins: TokenLogin[] = [];
  const tokenOf = (where: string, url: () => URL, account: Account): TokenLogin => {
    const { tokenLife: life, retries, checkpoint, learn, onCall, log } = options;
    const login = new TokenLogin({
      ...{ where, url, user: account.user, password: account.password, life, retries, log },
      ...{ deadline: account.deadline, onCall: (took, outcome) => onCall?.(where, took, outcome) },
      ...(account.ca === undefined ? {} : { ca: account.ca }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(learn === undefined ? {} : { learn }),
    });
    logins.push(login);
    return login;
  };
  let shared: Credentials | undefined;
  const credentialsOf = (wish: AccessWish, url: () => URL): Credentials => {
    if (wish.login === "password") return byPassword(wish.user, wish.password);
    if (!wish.sharesAccount || options.pool === null) {
      return tokenOf(wish.name, url, { ...wish, deadline: wish.deadlines.xmlrpc });
    }
    const place = new URL(options.pool.xmlrpc);
    shared ??= tokenOf(POOL, () => place, options.pool);
    return shared;
  };
  const to = new Map<ZoneName, Way>();
  for (const wish of wishes) {
    const url = addressOf(wish, pool);
    to.set(wish.name, { url, account: credentialsOf(wish, url) });
  }
  return {
    pool,
    to,
    async revoke() {
      await Promise.allSettled(logins.map((login) => login.revoke()));
    },
    close() {
      pool?.stop();
      for (const login of logins) login.close();
    },
  };
}

type Account = Pick<PoolWish, "user" | "password" | "ca" | "deadline">;

function poolOf(wish: PoolWish, wishes: readonly AccessWish[], { file, onCall, log }: WaysOptions): ZonePool {
  const { user, password, ca, deadline, interval } = wish;
  return new ZonePool({
    url: new URL(wish.xmlrpc),
    account: byPassword(user, password),
    ...(ca === undefined ? {} : { ca }),
    ...{ deadline, interval, entries: wishes, file, log },
    onCall: (took, outcome) => onCall?.(POOL, took, outcome),
  });
}

/** Where the file says it, the pool is asked all the same whether another entry means the same zone. */
function addressOf({ name, xmlrpc, sharesAccount }: AccessWish, pool: ZonePool | null): () => URL {
  const own = xmlrpc === null ? null : new URL(xmlrpc);
  return () => {
    if (own !== null && (pool === null || !sharesAccount)) return own;
    if (pool === null) throw new Error(`${name} has no address, and there is no zone pool.`);
    return pool.addressOf(name);
  };
}

/** Looks at the zone pool, and at how zones are reached with it. What is made for that is taken back. */
import type { KnownZonePool, Log } from "../federation/ports.ts";
import { byPassword } from "../opennebula/credentials.ts";
import { openWays, type PoolWish, type Ways, type WaysOptions } from "../opennebula/ways.ts";
import { XmlRpc } from "../opennebula/xmlrpc.ts";
import { POOL, readZonePool } from "../opennebula/zone-pool.ts";
import type { Check } from "./check.ts";
import { loginCheck, poolAway, poolChecks } from "./zonepool-checks.ts";

/** Milliseconds: a token of a doctor who was killed does not outlive this. */
const TOKEN_LIFE = 5 * 60_000;
const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface PoolExamination {
  readonly checks: readonly Check[];
  readonly ways: Ways;
}

/** `known`: what a bot has been told before; it counts where nobody answers now. */
export async function examinePool(
  { pool, retries, ...wishes }: Pick<WaysOptions, "pool" | "access" | "retries">,
  known: KnownZonePool | null,
): Promise<PoolExamination> {
  const access = [...wishes.access];
  const look = pool === null ? null : await lookAt(pool);
  const zones = look === null || look.zones === null ? known : { addresses: new Map(), ...known, zones: look.zones };
  const ways = openWays({
    ...{ pool, access, retries, log: SILENT },
    file: { known: zones, keep: () => Promise.resolve() },
    tokenLife: TOKEN_LIFE,
  });
  if (look === null) return { checks: [], ways };
  if (look.zones === null) return { checks: [poolAway(look.said)], ways };
  return { checks: [...poolChecks(access, look.zones), ...(await lookAtLogin(access, ways))], ways };
}

async function lookAt(pool: PoolWish) {
  const account = byPassword(pool.user, pool.password);
  const url = new URL(pool.xmlrpc);
  const oned = new XmlRpc({
    zone: POOL,
    url: () => url,
    account,
    ...(pool.ca === undefined ? {} : { ca: pool.ca }),
    deadline: pool.deadline,
    inFlight: 1,
  });
  try {
    return { zones: await readZonePool(oned, account) };
  } catch (error) {
    return { zones: null, said: error instanceof Error ? error.message : String(error) };
  } finally {
    oned.close();
  }
}

/** One for all that share the account. */
async function lookAtLogin(
  access: readonly { readonly name: string; readonly sharesAccount: boolean; readonly login: string }[],
  { to }: Ways,
): Promise<readonly Check[]> {
  const shared = access.find(({ sharesAccount, login }) => sharesAccount && login === "token");
  const way = [...to].find(([name]) => name === shared?.name)?.[1];
  if (way === undefined) return [];
  try {
    await way.account.current();
    return [loginCheck(null)];
  } catch (error) {
    return [loginCheck(error instanceof Error ? error.message : String(error))];
  }
}

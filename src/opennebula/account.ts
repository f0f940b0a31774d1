/** Whom the zone takes the bot for. */
import type { AccountFacts } from "../federation/model/zone-facts.ts";
import { type ParsedGroup, type ParsedUser, parseGroup, parseUser } from "./parse/account.ts";
import type { Reading } from "./xmlrpc.ts";

const CALLER = -1;
const ONEADMIN_GROUP = 0;

export interface Account {
  readonly facts: AccountFacts;
  readonly user: ParsedUser;
  readonly groups: readonly ParsedGroup[];
}

/** One call, and one for each group that the account is in. `words` makes what others wrote fit to be read. */
export async function readAccount(oned: Reading, words: (text: string) => string): Promise<Account> {
  const user = parseUser(await oned.read("one.user.info", CALLER));
  const ids = [...new Set([user.primaryGroup, ...user.groups])];
  const groups = await Promise.all(ids.map(async (id) => parseGroup(await oned.read("one.group.info", id, false))));
  return { facts: { id: user.id, name: words(user.name), administrator: isAdministrator(user, groups) }, user, groups };
}

/** Rights given by ACL show in no call that an ordinary user may make. */
function isAdministrator(user: ParsedUser, groups: readonly ParsedGroup[]): boolean {
  const memberOf = [user.primaryGroup, ...user.groups];
  return memberOf.includes(ONEADMIN_GROUP) || groups.some(({ admins }) => admins.includes(user.id));
}

/** Reading a pool piece by piece, so that no answer grows large and nothing is missed in between. */
import { ZoneError } from "../federation/model/zone-facts.ts";

interface Member {
  readonly id: number;
}

/** No account has so many of one kind: more come only from what makes them up. */
const MAX_MEMBERS = 100_000;

/** Times a pool is read anew because it changed while it was read. */
const MAX_READINGS = 5;

/**
 * All members of a pool that answers pages by offset. Pages overlap by one member: if it does not come again, others
 * were removed meanwhile and one may have slipped through, so the reading starts over. Throws `ZoneError`.
 */
export async function readPool<M extends Member>(
  pageSize: number,
  page: (offset: number) => Promise<readonly M[]>,
): Promise<readonly M[]> {
  for (let reading = 0; reading < MAX_READINGS; reading += 1) {
    const members = await readOnce(pageSize, page);
    if (members !== undefined) return members;
  }
  throw new ZoneError("internal", "A pool of the zone changed faster than it could be read. Try again.");
}

async function readOnce<M extends Member>(
  pageSize: number,
  page: (offset: number) => Promise<readonly M[]>,
): Promise<readonly M[] | undefined> {
  const found = new Map<number, M>();
  let last: number | undefined;
  for (let offset = 0; ; offset += pageSize - 1) {
    const members = await page(offset);
    if (last !== undefined && !members.some(({ id }) => id === last)) return undefined;
    const before = found.size;
    for (const member of members) found.set(member.id, member);
    if (members.length < pageSize) return [...found.values()];
    if (found.size === before || found.size > MAX_MEMBERS) {
      throw new ZoneError("unreadable", "A pool of the zone does not end.");
    }
    last = members.at(-1)?.id;
  }
}

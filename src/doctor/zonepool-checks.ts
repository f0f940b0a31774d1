/** What the zone pool says, beside what the zones file does. */
import {
  differenceWords,
  membersOf,
  newcomersWords,
  type PoolDifference,
  type PoolEntry,
  type PoolZone,
} from "../federation/model/zone-pool.ts";
import { type Check, fault, ok, warning } from "./check.ts";

const ABOUT = { code: "zone-pool", subject: "zonepool" } as const;

export const poolAway = (said: string): Check =>
  fault(
    ABOUT,
    `The zone pool was not told: ${said}`,
    "Check `zonepool` in the zones file, and that its address answers. A bot that has been told it before goes on with that.",
  );

export function poolChecks(entries: readonly PoolEntry[], zones: readonly PoolZone[]): readonly Check[] {
  const { differences } = membersOf(entries, zones, new Map());
  const [first, ...newcomers] = differences.flatMap((one) => (one.kind === "not-in-file" ? [one.member] : []));
  const offer = first === undefined ? null : newcomersWords([first, ...newcomers]);
  return [
    ok(ABOUT, `The zone pool lists ${zones.length === 1 ? "one zone" : `${zones.length} zones`}.`),
    ...differences.filter(({ kind }) => kind !== "not-in-file").map(differenceCheck),
    ...(offer === null ? [] : [ok(ABOUT, `${offer.sentence} ${offer.remedy}`)]),
  ];
}

function differenceCheck(one: PoolDifference): Check {
  const { sentence, remedy } = differenceWords(one);
  const about = "zone" in one ? { ...ABOUT, subject: one.zone } : ABOUT;
  const works = one.kind === "other-address" || one.kind === "disabled";
  return works ? warning(about, sentence, remedy) : fault(about, sentence, remedy);
}

const LOGIN = { code: "zone-pool-login", subject: "zonepool" } as const;

/** `said`: why no login token could be had; null where one could. */
export const loginCheck = (said: string | null): Check =>
  said === null
    ? ok(LOGIN, "The zone pool makes login tokens for the bot's account.")
    : fault(
        LOGIN,
        said,
        "Zones are shown a login token in place of the password: put this right, or say `login: password` in their entries.",
      );

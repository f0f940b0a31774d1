/** A zone as a form offers it. */
import type { ZoneProfile } from "../../../federation/model/policy.ts";
import { clip } from "../mrkdwn.ts";
import type { Choice } from "./inputs.ts";

/** Characters of an option's text. */
const OPTION_TEXT = 75;

/** Of a long title the name is kept: it tells zones apart. */
export const zoneChoice = ({ name, title }: Pick<ZoneProfile, "name" | "title">): Choice => ({
  value: name,
  text: `${clip(title, OPTION_TEXT - name.length - 3)} (${name})`,
});

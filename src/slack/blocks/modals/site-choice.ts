/** A site as a form offers it. */
import type { SiteProfile } from "../../../federation/model/policy.ts";
import { clip } from "../mrkdwn.ts";
import type { Choice } from "./inputs.ts";

/** Characters of an option's text. */
const OPTION_TEXT = 75;

/** Of a long title the name is kept: it tells sites apart. */
export const siteChoice = ({ name, title }: Pick<SiteProfile, "name" | "title">): Choice => ({
  value: name,
  text: `${clip(title, OPTION_TEXT - name.length - 3)} (${name})`,
});

/** How it is said what something wrong means, and who can do what about it. */
import type { ConditionCode } from "../../federation/model/conditions.ts";

/** What people can do is an imperative in small letters, with its full stop. */
export interface Cause {
  /** For those who may see the zone's detail. */
  readonly what: string;
  /** The owner of the zone that it is about. */
  readonly owner?: string;
  /** The coordinator's owner, where that is somebody else's zone. */
  readonly coordinator?: string;
  /** Whoever runs the bot. */
  readonly operator?: string;
  /** Whoever asked for the federation. */
  readonly requester?: string;
  /** What happens without anybody: said only where something does it. */
  readonly itself?: string;
  /** For every member of the home channel, where that is more than that the site's owner sees the detail. */
  readonly everybody?: string;
}

export type Causes<Code extends ConditionCode> = Readonly<Record<Code, Cause>>;

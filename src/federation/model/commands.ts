/** What people ask for, as data: one union, which `decide` alone takes. */
import type { Adjustment, ConsentKind, SiteWish } from "./events.ts";
import type { CardId, Person, ZoneName } from "./identity.ts";
import type { SurveyResult } from "./zone-facts.ts";

interface Asked {
  readonly by: Person;
  /** Makes a repeated delivery the same command: the view's id, or message, action time and person. */
  readonly key: string;
}

interface OnCard extends Asked {
  readonly card: CardId;
}

/** A vote on one version of what would run. */
export interface Vote extends OnCard {
  readonly consent: ConsentKind;
}

export type Approve = Vote & { readonly kind: "approve" };
export type Reject = Vote & { readonly kind: "reject"; readonly because: string };
export type Withdraw = Vote & { readonly kind: "withdraw" };
/** An owner's own version of its site; the zone was looked at with these choices. */
export type Adjust = OnCard & {
  readonly kind: "adjust";
  readonly adjustment: Adjustment;
  readonly survey: SurveyResult;
};
export type RequestSite = Asked & { readonly kind: "request-site"; readonly wish: SiteWish };
export type OnSite = OnCard & {
  readonly kind: "retry" | "reboot" | "rotate-tunnel-keys" | "retire" | "agree-teardown" | "stop-coordinator" | "go-on";
};
export type OnFederation = Asked & { readonly kind: "cancel" | "check-again" | "ask-teardown" | "withdraw-teardown" };
/** A certificate as it was found to be right before anything is decided about it. */
export interface GivenCertificate {
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  readonly expiresAt: string;
}
/** The CA of the coordinator's organisation. */
export type GiveAuthority = Asked & { readonly kind: "give-authority"; readonly authority: GivenCertificate };
/** What that CA issued for the request of a SuperLink's VM. */
export type GiveCertificate = Asked & {
  readonly kind: "give-certificate";
  readonly vmId: number;
  /** SHA-256 of the request it was held against. */
  readonly request: string;
  readonly certificate: GivenCertificate & { readonly serial: string };
};
/** An owner says which key the zone's own router has for its end of the tunnels. */
export type GiveRouterKey = OnCard & { readonly kind: "give-router-key"; readonly routerKey: string };
/** By the bot's operator: a zone is gone for good. */
export interface WriteOff {
  readonly kind: "write-off";
  readonly zone: ZoneName;
  readonly by: null;
  readonly key: string;
}

export type Command =
  | Approve
  | Reject
  | Withdraw
  | Adjust
  | RequestSite
  | OnSite
  | OnFederation
  | GiveAuthority
  | GiveCertificate
  | GiveRouterKey
  | WriteOff;

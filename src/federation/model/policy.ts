/** What the configuration allows, as the core needs it. Parsed elsewhere; here it is only read. */

import type { DeploymentKind } from "./deployment-reference.ts";
import type { CardId, ChannelId, Person, SiteName, TeamId, ZoneName } from "./identity.ts";
import type { ManifestLibrary } from "./manifests.ts";
import type { Framework, HubEndpoint, TunnelWay } from "./plan.ts";
import type { ObjectRef } from "./zone-facts.ts";

/** One site as the zones file describes it, without its zone's endpoints and credentials. */
export interface SiteProfile {
  readonly name: SiteName;
  readonly zone: ZoneName;
  /** The organisation's name, and the site's where it has several; for people. */
  readonly title: string;
  /** The site's own channel; one without gets its cards in the federation's thread. */
  readonly channel: ChannelId | null;
  readonly owners: readonly Person[];
  /** How many owners must agree. */
  readonly quorum: number;
  readonly templates: {
    /** null: it does not offer to coordinate. */
    readonly superlink: ObjectRef | null;
    readonly supernode: Readonly<Partial<Record<Framework, ObjectRef>>>;
    /** null: this zone has none for a VM that has the tunnel for the others. */
    readonly gateway: ObjectRef | null;
  };
  readonly network: ObjectRef;
  /** As what is deployed here. */
  readonly deploy: DeploymentKind;
  /** Who has its end of tunnels, unless an owner says otherwise. */
  readonly tunnelWay: TunnelWay;
  /** What an owner may choose instead when adjusting. */
  readonly alternatives: { readonly templates: readonly ObjectRef[]; readonly networks: readonly ObjectRef[] };
  /** Public keys of those who may reach the Control API, comments dropped. */
  readonly sshKeys: readonly string[];
  /** Node configuration of its SuperNodes. */
  readonly nodeConfig: Readonly<Record<string, string>>;
}

/** Milliseconds each. */
export interface Durations {
  readonly approvalExpiry: number;
  readonly approvalReminder: number;
  /** From creation until the guest asks for its certificate or admission. */
  readonly boot: number;
  /** From certificate or admission until it serves and is seen. */
  readonly serve: number;
  /** How long a lost answer of a create may still bring its service before another is created. */
  readonly settle: number;
  /** A heartbeat that did not move for so long means silence. */
  readonly silence: number;
  /** How long a removal may take before people are told that it has not ended. */
  readonly removal: number;
  readonly certificateLife: number;
  readonly authorityLife: number;
  /** From the announcement that a coordinator stops alone until it does. */
  readonly warning: number;
  /** How long before a federation's last day ends that is told, and its owners are asked whether it goes on. */
  readonly endNotice: number;
  readonly endAnswer: number;
  /** For how long it goes on then. */
  readonly endExtension: number;
  /** What is wrong is told once it has stood for so long, and that it is over once it has been well for so long. */
  readonly raise: number;
  readonly clear: number;
  /** What comes again within so long of being over is flapping, and is over when it has been well for `calm`. */
  readonly flapWindow: number;
  readonly calm: number;
}

export interface Policy {
  /** The workspace that installed the app, and the organisation it belongs to where it does. */
  readonly installingTeams: readonly TeamId[];
  readonly requesters: { readonly people: readonly Person[]; readonly channels: readonly ChannelId[] };
  /** When false, a requester's own vote does not complete a zone's quorum alone. */
  readonly requesterMayApproveAlone: boolean;
  readonly durations: Durations;
}

/** What a federation's tunnels take from others that end in the same zone, or at the same public address. */
export interface TakenTunnel {
  readonly coordinator: ZoneName;
  readonly hub: HubEndpoint;
  /** When it was asked for, ISO 8601: of two that want the same it is the earlier one's. */
  readonly since: string;
  /** null: none is chosen yet. */
  readonly range: string | null;
}

/** All that a decision may look at beside the federation itself. */
export interface DecisionContext {
  /** ISO 8601 */
  readonly now: string;
  readonly policy: Policy;
  /** Every site there may be; each zone has one that bears its name. */
  readonly sites: ReadonlyMap<SiteName, SiteProfile>;
  readonly manifests: ManifestLibrary;
  /** Addresses that other open plans have taken, by zone. */
  readonly takenAddresses: Pick<ReadonlyMap<ZoneName, ReadonlySet<string>>, "get">;
  /** Tunnels of all other living federations. */
  readonly takenTunnels: Iterable<TakenTunnel>;
  readonly newCard: () => CardId;
}

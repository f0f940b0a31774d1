/** What has happened to a federation so far, in a context that a test can change. `evolve` alone makes its state. */
import type { Decision } from "../../src/federation/model/decision.ts";
import type { AddressWish, Crossing, FederationEvent, Issuer, Reason } from "../../src/federation/model/events.ts";
import { evolve, type Recorded } from "../../src/federation/model/evolve.ts";
import { federationId, type Person, slug, type ZoneName, zoneOf } from "../../src/federation/model/identity.ts";
import type { Settings } from "../../src/federation/model/plan.ts";
import type { DecisionContext } from "../../src/federation/model/policy.ts";
import {
  currentProposal,
  type DeployedVm,
  type Deployment,
  type Federation,
  type Proposal,
  type Site,
} from "../../src/federation/model/state.ts";
import { type SiteStatus, statusOf } from "../../src/federation/model/status.ts";
import type { SurveyResult, VmFacts, ZoneSurvey } from "../../src/federation/model/zone-facts.ts";
import type { Surveys } from "../../src/federation/proposing/proposal.ts";
import { aDecisionContext, DAY, HOME_CHANNEL, REQUESTER, site as siteCalled, sitesOf } from "./decision-context.ts";
import { aSurvey, aTemplate } from "./survey.ts";
import { TestZone } from "./zone.ts";

export const AUTHORITY = {
  certificate: "-----BEGIN CERTIFICATE-----\nZmxvcmlzdA==\n-----END CERTIFICATE-----\n",
  fingerprint: Array.from({ length: 32 }, () => "CA").join(":"),
};
export const SETTINGS: Settings = {
  flowerVersion: "1.31.0",
  framework: "none",
  keepaliveTime: 60,
  keepaliveTimeout: 20,
};

export interface Asked {
  /** Sites: the first coordinates, the others train. */
  readonly zones?: readonly string[];
  readonly superNodes?: number;
  /** Zones where VMs are made that no service holds. */
  readonly withoutServices?: readonly string[];
  readonly minimumTrainingSites?: number;
  /** A public address, unless a crossing is asked for. */
  readonly address?: AddressWish;
  readonly crossing?: Crossing;
  /** With both ways, the training sites that come by tunnels. */
  readonly tunnelled?: readonly string[];
  readonly settings?: Settings;
  readonly requester?: Person;
  readonly purpose?: string;
  readonly issuer?: Issuer;
  /** Its last day. */
  readonly until?: string;
  readonly context?: Partial<DecisionContext>;
}

export class Chronicle {
  /** Everything that has happened, as the journal would hold it. */
  readonly recorded: Recorded[] = [];
  #context: DecisionContext;
  #federation: Federation | null = null;
  readonly #surveys = new Map<string, (usual: ZoneSurvey) => SurveyResult>();
  readonly #zones = new Map<ZoneName, TestZone>();
  /** Milliseconds that have passed, whatever anybody's clock says. */
  #elapsed = 0;
  #commands = 0;

  constructor(asked: Asked) {
    const usual = aDecisionContext(asked.context);
    const isWithout = (name: string): boolean => asked.withoutServices?.includes(name) === true;
    const profiles = [...usual.sites.values()];
    const sites = sitesOf(
      profiles.map((profile) => (isWithout(profile.name) ? { ...profile, deploy: "vms" } : profile)),
    );
    // A test that changes the zones it gave means these.
    this.#context = asked.withoutServices === undefined ? usual : { ...usual, sites };
    const [coordinator = "alpha", ...training] = asked.zones ?? ["alpha", "beta", "gamma"];
    const superNodes = asked.superNodes ?? 2;
    this.happens({
      type: "federation-requested",
      federation: federationId.parse("f00000000001"),
      name: slug.parse("tumour-study"),
      homeChannel: HOME_CHANNEL,
      requester: asked.requester ?? REQUESTER,
      settings: asked.settings ?? SETTINGS,
      crossing: asked.crossing ?? {
        kind: "public-address",
        address: asked.address ?? { kind: "picked", port: 9092, privateIsReachable: false },
      },
      sites: [
        { site: siteCalled(coordinator), role: "coordinator", superNodes: 0 },
        ...training.map((name) => ({
          site: siteCalled(name),
          role: "training" as const,
          superNodes,
          ...(asked.tunnelled?.includes(name) ? { crossing: "wireguard" as const } : {}),
        })),
      ],
      minimumTrainingSites: asked.minimumTrainingSites ?? 1,
      purpose: asked.purpose ?? "Does a tumour grow?",
      issuer: asked.issuer ?? "florist",
      until: asked.until ?? null,
    });
    // An organisation's is given by people.
    if (asked.issuer === "organisation") return;
    const expiresAt = new Date(Date.parse(this.context.now) + 365 * DAY).toISOString();
    this.happens({ type: "authority-created", generation: 1, ...AUTHORITY, expiresAt });
  }

  get federation(): Federation {
    if (this.#federation === null) throw new Error("Nothing has been asked for.");
    return this.#federation;
  }

  get context(): DecisionContext {
    return this.#context;
  }

  site(name: string): Site {
    const site = this.federation.sites.get(siteCalled(name));
    if (site === undefined) throw new Error(`There is no site ${name}.`);
    return site;
  }

  proposal(name: string): Proposal {
    const proposal = currentProposal(this.site(name));
    if (proposal === null) throw new Error(`${name} has no plan.`);
    return proposal;
  }

  deployment(name: string): Deployment {
    const { deployment } = this.site(name);
    if (deployment === null) throw new Error(`Nothing runs at ${name}.`);
    return deployment;
  }

  /** What the zone calls the deployment. */
  serviceId(name: string): number {
    const { ref } = this.deployment(name);
    if (ref?.kind !== "oneflow") throw new Error(`No service has been created at ${name}.`);
    return ref.id;
  }

  /** The site's VMs as the journal knows them. */
  vms(name: string): readonly DeployedVm[] {
    return [...this.deployment(name).vms.values()];
  }

  vm(name: string, nth = 0): DeployedVm {
    const vm = this.vms(name)[nth];
    if (vm === undefined) throw new Error(`${name} has no VM ${nth}.`);
    return vm;
  }

  /** The same VM as its zone shows it now. */
  vmFacts(name: string, nth = 0): VmFacts {
    const { vmId } = this.vm(name, nth);
    const vm = this.zone(name)
      .snapshot(this.context.now)
      .vms.find(({ id }) => id === vmId);
    if (vm === undefined) throw new Error(`${name} has no VM ${vmId}.`);
    return vm;
  }

  status(name: string): SiteStatus | null {
    return statusOf(this.federation, this.site(name)).status;
  }

  zone(name: string): TestZone {
    const where = zoneOf(siteCalled(name));
    const known = this.#zones.get(where);
    if (known !== undefined) return known;
    const made = new TestZone(where, 1000 * (this.#zones.size + 1));
    this.#zones.set(made.name, made);
    return made;
  }

  /** Types of everything that has happened since the given number of events. */
  typesSince(count: number): readonly FederationEvent["type"][] {
    return this.recorded.slice(count).map(({ event }) => event.type);
  }

  happens(...events: readonly FederationEvent[]): this {
    for (const event of events) {
      const entry: Recorded = { seq: this.recorded.length + 1, at: this.context.now, event };
      this.#federation = evolve(this.#federation, entry);
      this.recorded.push(entry);
    }
    return this;
  }

  /** What was decided happens. A test that expects a refusal looks at the decision instead. */
  takes(decision: Decision | { readonly ok: false; readonly problems: readonly Reason[] }): this {
    if (!decision.ok) throw new Error(`Refused: ${JSON.stringify(decision)}.`);
    return this.happens(...decision.events);
  }

  /** The key of one more command. */
  newKey(): string {
    this.#commands += 1;
    return `command ${this.#commands}`;
  }

  get elapsed(): number {
    return this.#elapsed;
  }

  passes(milliseconds: number): this {
    this.#elapsed += milliseconds;
    return this.inContext({ now: new Date(Date.parse(this.context.now) + milliseconds).toISOString() });
  }

  inContext(changes: Partial<DecisionContext>): this {
    this.#context = { ...this.#context, ...changes };
    return this;
  }

  /** From now on a survey of the zone shows this. */
  shows(name: string, change: (usual: ZoneSurvey) => ZoneSurvey): this {
    this.#surveys.set(name, (usual) => ({ ok: true, survey: change(usual) }));
    return this;
  }

  hides(name: string, reason: Reason): this {
    this.#surveys.set(name, () => ({ ok: false, reason }));
    return this;
  }

  survey(name: string): SurveyResult {
    const usual =
      this.site(name).role === "coordinator"
        ? aSurvey({ template: aTemplate({ id: 20, name: "Flower SuperLink", images: [image(6)] }) })
        : aSurvey();
    return this.#surveys.get(name)?.(usual) ?? { ok: true, survey: usual };
  }

  surveys(): Surveys {
    return new Map([...this.federation.sites.keys()].map((name) => [name, this.survey(name)]));
  }
}

const image = (id: number) => ({
  id,
  name: "Flower SuperLink",
  registeredAt: 1_760_000_000,
  persistent: false,
  state: "used" as const,
  size: 10_240,
});

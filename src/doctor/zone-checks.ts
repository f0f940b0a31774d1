/** What a look at a zone says of its set-up, area by area. */
import type { Reason } from "../federation/model/events.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import { REASONS, type ReasonCode } from "../federation/model/reasons.ts";
import type { ZoneCheck } from "../federation/ports.ts";
import type { AlternativeCheck } from "../rollout/offers.ts";
import { type Check, type CheckCode, fault, notLookedAt, ok, warning } from "./check.ts";

/** What is said of an area in which nothing is wrong. */
const RIGHT = {
  "zone-reach": "answers over XML-RPC and OneFlow",
  "zone-account": "takes the bot's user and password",
  "zone-rights": "has given the bot an account that administers nothing",
  "zone-version": "has an OpenNebula that the bot knows",
  "zone-rules": "lets VMs be created as the bot has to",
  "zone-templates": "has the VM templates that the zones file names",
  "zone-images": "has the images of those templates, and they are ready",
  "zone-network": "has the network, and free addresses in it",
  "zone-quotas": "leaves room for the VMs of one site within its quotas",
} as const satisfies Partial<Record<CheckCode, string>>;
type Area = keyof typeof RIGHT;
const AREAS = Object.keys(RIGHT).filter((area): area is Area => Object.hasOwn(RIGHT, area));

/** After one of these nothing else can be told. */
const FIRST: ReadonlySet<Area> = new Set(["zone-reach", "zone-account"]);

function areaOf(code: ReasonCode): Area {
  if (code === "zone-credentials") return "zone-account";
  if (code === "zone-administrator") return "zone-rights";
  if (code === "zone-version") return "zone-version";
  if (code === "zone-holds-vms" || code === "attribute-restricted" || code === "zone-disabled") return "zone-rules";
  if (code.startsWith("zone-")) return "zone-reach";
  if (code.startsWith("template-")) return "zone-templates";
  if (code.startsWith("image-")) return "zone-images";
  if (code.startsWith("quota-")) return "zone-quotas";
  return code.startsWith("network-") || code === "no-free-address" ? "zone-network" : "zone-rules";
}

export function zoneChecks(
  { zone: name, problems, version }: ZoneCheck,
  sites: readonly SiteProfile[],
): readonly Check[] {
  const [first] = sites;
  const title = first?.title ?? name;
  const deploy = first?.deploy ?? "oneflow";
  const who = `${name} (${title})`;
  const inArea = (area: Area): readonly Reason[] => problems.filter(({ code }) => areaOf(code) === area);
  const stops = problems.find(({ code }) => FIRST.has(areaOf(code)));
  const faults = (area: Area): readonly Check[] => faultsOf(inArea(area), { code: area, subject: name }, who);
  if (stops !== undefined) {
    const because =
      areaOf(stops.code) === "zone-account" ? "the zone does not take the account" : "the zone cannot be reached";
    const offers = notLookedAt({ code: "zone-offers", subject: name }, `What ${who} offers was`, because);
    const area = areaOf(stops.code);
    const reached = area === "zone-account" ? [right("zone-reach", { name, deploy }, who, version)] : [];
    return [...reached, stopOf(stops, { code: area, subject: name }, who), offers];
  }
  // Images and quotas are judged by the template: one that is not there leaves them open.
  const isOpen = problems.some(({ code }) => /^template-(missing|forbidden|ambiguous)$/.test(code));
  return AREAS.flatMap((area) => {
    const found = faults(area);
    if (found.length > 0) return found;
    if (isOpen && (area === "zone-images" || area === "zone-quotas")) {
      return [
        notLookedAt({ code: area, subject: name }, `${NAMED[area]} of ${who} were`, "a VM template cannot be used"),
      ];
    }
    return [right(area, { name, deploy }, who, version)];
  });
}

const NAMED = { "zone-images": "The images", "zone-quotas": "The quotas" } as const;

function right(
  area: Area,
  { name, deploy }: { readonly name: string; readonly deploy: SiteProfile["deploy"] },
  who: string,
  version: string | null,
): Check {
  const said = area === "zone-reach" && deploy === "vms" ? "answers over XML-RPC" : RIGHT[area];
  const which = area === "zone-version" && version !== null ? `: ${version}` : "";
  return ok({ code: area, subject: name }, `${who} ${said}${which}.`);
}

/** What went wrong on the way to a zone is a sentence with its remedy already. */
function stopOf({ code, detail }: Reason, about: Pick<Check, "code" | "subject">, who: string): Check {
  const [problem = "", ...remedy] = sentencesOf(detail === "" ? REASONS[code] : detail);
  const toDo = remedy.length > 0 ? remedy : sentencesOf(REASONS[code]).slice(1);
  return fault(about, `${who}: ${problem.replace(/\.$/, "")} (${code}).`, toDo.join(" "));
}

const sentencesOf = (text: string): readonly string[] => text.split(/(?<=\.) (?=[A-Z])/);

/** One sentence for each reason, whatever it was found at. */
function faultsOf(reasons: readonly Reason[], about: Pick<Check, "code" | "subject">, who: string): readonly Check[] {
  const details = new Map<ReasonCode, string[]>();
  for (const { code, detail } of reasons) details.set(code, [...(details.get(code) ?? []), detail]);
  return [...details].map(([code, found]) => {
    const [problem = "", ...remedy] = sentencesOf(REASONS[code]);
    const what = [...new Set(found.filter((detail) => detail !== ""))].join("; ");
    const sentence = `${who}: ${problem.replace(/\.$/, "")} (${code}${what === "" ? "" : `: ${what}`}).`;
    return fault(about, sentence, remedy.join(" "));
  });
}

/** Nothing that was asked for waits for an alternative: what is wrong with one is a warning. */
export function alternativeChecks(
  alternatives: readonly AlternativeCheck[],
  { name, title }: SiteProfile,
): readonly Check[] {
  const about = { code: "zone-alternatives", subject: name } as const;
  if (alternatives.length === 0) return [];
  const found = alternatives.flatMap(({ of, asked, problems }) =>
    problems.map(({ code }) => {
      const [, ...remedy] = sentencesOf(REASONS[code]);
      return warning(
        about,
        `${name} (${title}): an owner could not choose the ${of} ${asked} of the alternatives (${code}).`,
        remedy.join(" "),
      );
    }),
  );
  return found.length > 0
    ? found
    : [ok(about, `${name} (${title}) has the templates and networks that its owners may choose instead.`)];
}

/**
 * What must hold between the parts of the zones file. Each rule reads just the parts it needs from the plain data, so
 * that a mistake elsewhere hides none of these; parts that are themselves mistaken are told by their shape.
 */
import { z } from "zod";
import type { Finding, Path } from "./mistake.ts";
import { SITE_RULES } from "./site-rules.ts";
import { zoneEntry } from "./zone-entry.ts";
import { entries, type Rule, zoneRule, zonesIn } from "./zone-rule.ts";
import { zonepoolFindings } from "./zonepool-rules.ts";
import { policySection, zonesFile } from "./zones-file.ts";

const zoneShape = z.object(zoneEntry.shape);
const policyShape = z.object(policySection.shape);
/** A rule that what one zone says no other zone may say. */
function uniqueRule(part: z.ZodType<string>, path: Path, finding: (first: string) => Omit<Finding, "path">): Rule {
  return (file) => {
    const first = new Map<string, string>();
    return zonesIn(file).flatMap(([name, entry]) => {
      const said = part.safeParse(entry);
      if (!said.success) return [];
      const earlier = first.get(said.data);
      if (earlier === undefined) first.set(said.data, name);
      return earlier === undefined ? [] : [{ path: ["zones", name, ...path], ...finding(earlier) }];
    });
  };
}

function policyRule<T>(part: z.ZodType<T>, check: (policy: T) => readonly Finding[]): Rule {
  const shape = z.object({ policy: part });
  return (file) => {
    const parsed = shape.safeParse(file);
    if (!parsed.success) return [];
    return check(parsed.data.policy).map((finding) => ({ ...finding, path: ["policy", ...finding.path] }));
  };
}

const atLeastOneZone: Rule = (file) => {
  const parsed = entries.safeParse(file);
  return parsed.success && Object.keys(parsed.data.zones).length === 0
    ? [{ path: ["zones"], problem: "names no zone", remedy: "Add a zone; zones.example.yml shows how." }]
    : [];
};

const offersRole = zoneRule(z.object({ coordinate: z.undefined().optional(), train: z.undefined().optional() }), () => [
  {
    path: [],
    problem: "offers neither role",
    remedy: "Add `coordinate` with a SuperLink template, `train` with SuperNode templates, or both.",
  },
]);

const servicesNeedOneFlow = zoneRule(
  z.object({ deploy: z.literal("oneflow"), oneflow: z.undefined().optional() }),
  () => [
    {
      path: ["deploy"],
      problem: "asks for services of OneFlow, and `oneflow` names none",
      remedy: "Add OneFlow's address as `oneflow`, or say `deploy: vms`.",
    },
  ],
);

const gatewayNeedsTemplate = zoneRule(
  z.object({ tunnel: z.literal("gateway"), gateway: z.undefined().optional() }),
  () => [
    {
      path: ["tunnel"],
      problem: "asks for a gateway, and `gateway` names no VM template for it",
      remedy: "Add `gateway: {template: …}`, or say `tunnel: own`.",
    },
  ],
);

const ownAccount = uniqueRule(
  zoneShape.pick({ xmlrpc: true, user: true }).transform(({ xmlrpc, user }) => `${xmlrpc} ${user}`),
  ["user"],
  (first) => ({
    problem: `is the account that ${first} names for the same OpenNebula`,
    remedy: "Give each zone its own account: the bot knows what is its own in a zone by who owns it.",
  }),
);

const somebodyMayAsk: Rule = (file) => {
  const parsed = z.object({ requesters: zonesFile.shape.requesters }).safeParse(file);
  if (!parsed.success) return [];
  const { people, channels } = parsed.data.requesters;
  return people.length + channels.length > 0
    ? []
    : [
        {
          path: ["requesters"],
          problem: "names nobody, so nobody could ask for a federation",
          remedy: "Name people, or channels whose members may ask.",
        },
      ];
};

/** `shorter` must stay below `longer`; both are keys of the same section. */
function order(path: Path, shorter: string, longer: string, because: string): Finding {
  return {
    path: [...path, shorter],
    problem: `is not shorter than \`${longer}\``,
    remedy: `Shorten it or lengthen \`${longer}\`: ${because}`,
  };
}

const reminderBeforeExpiry = policyRule(
  policyShape.pick({ approvalReminder: true, approvalExpiry: true }).prefault({}),
  ({ approvalReminder, approvalExpiry }) =>
    approvalReminder < approvalExpiry
      ? []
      : [order([], "approvalReminder", "approvalExpiry", "a reminder after the end helps nobody.")],
);

const noticeBeforeQuestion = policyRule(
  policyShape.pick({ endAnswer: true, endNotice: true }).prefault({}),
  ({ endAnswer, endNotice }) =>
    endAnswer < endNotice ? [] : [order([], "endAnswer", "endNotice", "the question says that the end is near.")],
);

const pollingFitsSilence = policyRule(
  policyShape.pick({ polling: true, silence: true }).prefault({}),
  ({ polling, silence }) => [
    ...(polling.fastest <= polling.slowest
      ? []
      : [order(["polling"], "fastest", "slowest", "a zone is looked at after pauses between the two.")]),
    ...(polling.slowest < silence
      ? []
      : [order(["polling"], "slowest", "silence", "a guest that is well would otherwise seem silent.")]),
  ],
);

const authorityOutlastsCertificate = policyRule(
  policyShape.pick({ certificateLife: true, authorityLife: true }).prefault({}),
  ({ certificateLife, authorityLife }) =>
    certificateLife < authorityLife
      ? []
      : [order([], "certificateLife", "authorityLife", "a certificate is worth nothing after its CA.")],
);

const WOULD_COME_TWICE = "it may still appear after its call was given up, and would be created twice.";

const settleOutlastsCall = policyRule(
  policyShape.pick({ settle: true, calls: true }).prefault({}),
  ({ settle, calls }) =>
    calls.oneflowDeadline < settle ? [] : [order(["calls"], "oneflowDeadline", "settle", WOULD_COME_TWICE)],
);

/** Services are created through OneFlow, VMs that no service holds through oned itself. */
const settleOutlastsCallOfVms: Rule = (file) => {
  const makesVms = zonesIn(file).some(([, entry]) => vmsEntry.safeParse(entry).success);
  if (!makesVms) return [];
  return policyRule(policyShape.pick({ settle: true, calls: true }).prefault({}), ({ settle, calls }) =>
    calls.xmlrpcDeadline < settle ? [] : [order(["calls"], "xmlrpcDeadline", "settle", WOULD_COME_TWICE)],
  )(file);
};

const vmsEntry = z.union([
  z.object({ deploy: z.literal("vms") }),
  z.object({ title: z.unknown(), oneflow: z.undefined().optional() }),
]);

const retriesGrow = policyRule(policyShape.pick({ retries: true, slack: true }).prefault({}), ({ retries, slack }) => [
  ...(retries.first <= retries.longest
    ? []
    : [order(["retries"], "first", "longest", "each wait is longer than the one before.")]),
  ...(slack.firstRetry <= slack.longestRetry
    ? []
    : [order(["slack"], "firstRetry", "longestRetry", "each wait is longer than the one before.")]),
]);

const RULES: readonly Rule[] = [
  atLeastOneZone,
  offersRole,
  servicesNeedOneFlow,
  gatewayNeedsTemplate,
  ownAccount,
  zonepoolFindings,
  somebodyMayAsk,
  ...SITE_RULES,
  reminderBeforeExpiry,
  noticeBeforeQuestion,
  pollingFitsSilence,
  authorityOutlastsCertificate,
  settleOutlastsCall,
  settleOutlastsCallOfVms,
  retriesGrow,
];

export const brokenRules = (file: unknown): readonly Finding[] => RULES.flatMap((rule) => rule(file));

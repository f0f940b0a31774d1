/** The zones file: which zones there are, who may ask, and after how long what happens. */
import { z } from "zod";
import { zoneName } from "../federation/model/identity.ts";
import { term, wait } from "./duration.ts";
import { idText, section } from "./shape.ts";
import { channelEntry, personEntry, zoneEntry } from "./zone-entry.ts";
import { pooledEntry, zonepoolSection } from "./zonepool-entry.ts";

const count = (fallback: number) =>
  z
    .int({ error: `Give a whole number, usually ${fallback}.` })
    .min(1, "Give at least 1.")
    .max(14, "Give at most 14: oned serves fifteen calls at once, from everybody together.")
    .default(fallback);

const yesOrNo = (fallback: boolean) => z.boolean({ error: "Give true or false." }).default(fallback);

const POLICY_REMEDY = "Give names and durations, such as {approvalExpiry: 7 days}; what is left out keeps its default.";

/** Every duration and limit, with its default. */
export const policySection = section(
  {
    /** How long owners may take to decide. */
    approvalExpiry: term("7 days"),
    /** When the owners who have not decided are reminded. */
    approvalReminder: term("2 days"),
    /** From a service's creation until its guests ask for certificate or admission. */
    boot: term("15 min"),
    /** From certificate or admission until a guest serves and is seen. */
    serve: term("10 min"),
    /** How long a create whose answer was lost may still bring its service. */
    settle: term("5 min"),
    /** How long a guest's heartbeat may stand still. */
    silence: term("3 min"),
    /** How long a removal may take before people are told. */
    removal: term("15 min"),
    /** Life of a SuperLink's certificate; it is renewed at half of it. */
    certificateLife: term("30 days"),
    /** Life of a federation's CA, which ends with the federation at the latest. */
    authorityLife: term("1825 days"),
    /** From the announcement that a coordinator stops alone until it does. */
    stopWarning: term("1 hour"),
    /** How long before the end of a federation's last day people are told that it is near. */
    endNotice: term("14 days"),
    /** How long before it the owners are asked whether it goes on. */
    endAnswer: term("7 days"),
    /** For how long it goes on then. */
    endExtension: term("90 days"),
    /** What is wrong is told when it has stood for so long, and that it is over when it has been well for so long. */
    conditions: section(
      {
        raise: wait("5 s"),
        clear: wait("5 s"),
        /** What comes again so soon after it was over keeps coming and going. */
        flapWindow: term("1 hour"),
        /** That is over when it has been well for so long. */
        calm: term("30 min"),
      },
      POLICY_REMEDY,
    ).prefault({}),
    polling: section(
      {
        fastest: wait("300 ms"),
        slowest: wait("30 s"),
        /** Between two looks at the zone pool. */
        zonepool: wait("1 min"),
      },
      POLICY_REMEDY,
    ).prefault({}),
    /** Life of a login token; it is renewed at half of it. */
    tokenLife: term("1 day"),
    calls: section(
      {
        xmlrpcDeadline: wait("20 s"),
        oneflowDeadline: wait("60 s"),
        xmlrpcInFlight: count(4),
        oneflowInFlight: count(2),
      },
      POLICY_REMEDY,
    ).prefault({}),
    retries: section({ first: wait("2 s"), longest: wait("5 min") }, POLICY_REMEDY).prefault({}),
    slack: section(
      {
        /** Between two messages to one channel. */
        perChannel: wait("1 s"),
        /** A card is rewritten at most so often. */
        coalescing: wait("2 s"),
        firstRetry: wait("2 s"),
        longestRetry: wait("5 min"),
        /** Between two looks whether Slack has shared an uploaded file. */
        fileLook: wait("2 s"),
      },
      POLICY_REMEDY,
    ).prefault({}),
  },
  POLICY_REMEDY,
);
export type PolicySection = z.infer<typeof policySection>;

const REQUESTERS_REMEDY = "Name people and channels, such as {people: [], channels: [C0123ABCD]}.";

const zoneKey = idText(zoneName, "Choose a short name, such as zone-a: people read it, and guests carry it.");

const WRITTEN_OFF_REMEDY = "Name zones that are gone for good, such as [zone-c]; each has left `zones`.";

const ZONES_REMEDY = "Give at least one zone: its name, and below it what belongs to it.";

export const pooledZonesFile = section(
  {
    zones: z.record(zoneKey, pooledEntry, { error: ZONES_REMEDY }),
    /** The zones that an OpenNebula federation lists: entries need not say then where they are. */
    zonepool: zonepoolSection.optional(),
    requesters: section(
      {
        people: z.array(personEntry, { error: REQUESTERS_REMEDY }).default([]),
        channels: z.array(channelEntry, { error: REQUESTERS_REMEDY }).default([]),
      },
      REQUESTERS_REMEDY,
    ),
    /** Whether somebody who asked and owns a zone may be the only one to approve for it. */
    requesterMayApproveAlone: yesOrNo(true),
    policy: policySection.prefault({}),
    /** Zones that are gone for good: what ran there is not waited for any more. */
    writtenOff: z.array(zoneKey, { error: WRITTEN_OFF_REMEDY }).default([]),
  },
  "Give at least `zones` and `requesters`; zones.example.yml shows a whole file.",
);
export type ZonesFile = z.infer<typeof pooledZonesFile>;

/** Without a zone pool every entry says all of it. */
export const zonesFile = pooledZonesFile.extend({ zones: z.record(zoneKey, zoneEntry, { error: ZONES_REMEDY }) });

const withPool = z.looseObject({ zonepool: z.unknown().refine((pool) => pool !== undefined) });

export const shapeOf = (file: unknown): typeof zonesFile | typeof pooledZonesFile =>
  withPool.safeParse(file).success ? pooledZonesFile : zonesFile;

/** One zone's entry in the zones file. */
import { z } from "zod";
import { channelId, teamId, userId, zoneName } from "../federation/model/identity.ts";
import { isContextValue } from "../guest-protocol/alphabets.ts";
import { FRAMEWORKS } from "../guest-protocol/names.ts";
import { readUrl } from "./address.ts";
import { fault, idText, readText, section, text } from "./shape.ts";
import { readSshKey } from "./ssh-key.ts";

const WHOAMI = "`@florist whoami` shows both ids to whoever asks.";

const owner = section(
  {
    team: idText(teamId, `Give the id of the owner's Slack workspace, such as T0123ABCD. ${WHOAMI}`),
    user: idText(userId, `Give the owner's Slack user id, such as U0123ABCD. ${WHOAMI}`),
  },
  `Give a pair such as {team: T0123ABCD, user: U0123ABCD}. ${WHOAMI}`,
);

/** A person wherever the zones file names one. */
export const personEntry = owner;

export const channelEntry = idText(
  channelId,
  "Give the channel's id, such as C0123ABCD; Slack shows it at the end of the channel's details. A DM is none.",
);

const reference = z.union([z.int().min(0), z.string().min(1)], {
  error: "Give the object's number in OpenNebula, or its name if the bot's account can use only one of that name.",
});

const PASSWORD_REMEDY =
  "Give `{environment: NAME}` with the name of an environment variable, or `{file: path}` with a file of mode 600.";

/** Where a password is to be found. The password itself never stands in the zones file. */
export type SecretSource = { readonly environment: string } | { readonly file: string };

export const secretSourceForm = z.union([
  z.strictObject({ environment: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
]);

export function readSource(value: unknown, context: z.core.$RefinementCtx): SecretSource {
  if (value === undefined) return fault(context, "is missing", PASSWORD_REMEDY);
  if (typeof value === "string" || typeof value === "number") {
    const remedy = `${PASSWORD_REMEDY} Change the password: it may have been read or copied with this file.`;
    return fault(context, "stands in the zones file itself", remedy);
  }
  const source = secretSourceForm.safeParse(value);
  return source.success ? source.data : fault(context, "does not say where the password is", PASSWORD_REMEDY);
}

export const secretSource = z.unknown().transform(readSource);

export const userName = text("Give the bot's user in this zone: a plain one, no administrator.").regex(
  /^[^:\s\p{Cc}]+$/u,
  "Give a user name without colon and spaces: OpenNebula writes it before the password as user:password.",
);

const NODE_CONFIG_REMEDY =
  "Use letters, digits, space and . _ : / , + = - only: the value reaches a shell in the VM. Names begin with a letter, without spaces.";

const nodeConfigValue = z
  .union([z.string(), z.number(), z.boolean()], { error: "Give text, a number, or true or false." })
  .transform((value, context): string => {
    const written = String(value);
    return isContextValue(written)
      ? written
      : fault(context, "holds a character that is not allowed", NODE_CONFIG_REMEDY);
  });

const nodeConfig = z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,62}$/, NODE_CONFIG_REMEDY), nodeConfigValue, {
  error: "Give names and values, such as {organisation: aster}.",
});

const coordinate = section(
  {
    template: reference,
    sshKeys: z
      .array(readText("Give the line of an id_….pub file, of type ssh-ed25519, ssh-rsa or ecdsa-sha2-….", readSshKey), {
        error: "Give a list with the public key of whoever may start runs.",
      })
      .max(1, "Give one key for now: a VM is handed a single one. Whoever holds it can add others on the VM.")
      .default([]),
  },
  "Give the SuperLink's VM template, such as {template: Flower SuperLink 1.31.0}.",
);

const TEMPLATES_REMEDY = `Give a VM template for at least one of ${FRAMEWORKS.join(", ")}.`;

const templates = section(
  {
    none: reference.optional(),
    pytorch: reference.optional(),
    tensorflow: reference.optional(),
    sklearn: reference.optional(),
  } satisfies Record<(typeof FRAMEWORKS)[number], unknown>,
  TEMPLATES_REMEDY,
).refine((named) => Object.values(named).some((template) => template !== undefined), {
  error: TEMPLATES_REMEDY,
  params: { problem: "names no template" },
});

const tunnelWay = z.enum(["own", "gateway", "router"], {
  error:
    "Give own, where each VM has its end of a WireGuard tunnel, gateway, where a VM beside them has it for all, or router, where the zone's own router has it.",
});

const references = z.array(reference, { error: "Give a list of names or numbers." }).default([]);

const title = (of: string) => text(`Give the ${of}'s name as people know it.`).max(60, "Give at most 60 characters.");

const owners = (of: string) =>
  z
    .array(owner, { error: `Give a list of the people who decide for this ${of}.` })
    .min(1, `Name at least one person who decides for this ${of}.`);

const quorum = z.int({ error: "Give the number of owners who must agree." }).min(1, "Give at least 1.");

const alternatives = section(
  { templates: references, networks: references },
  "Give what an owner may choose instead, such as {templates: [], networks: [lab]}.",
);

/** One of several training sites of a zone: what it leaves out is as its zone's entry says. */
const siteEntry = section(
  {
    title: title("site").optional(),
    channel: channelEntry.optional(),
    owners: owners("site").optional(),
    quorum: quorum.optional(),
    templates: templates.optional(),
    network: reference.optional(),
    tunnel: tunnelWay.optional(),
    alternatives: alternatives.optional(),
    nodeConfig: nodeConfig.optional(),
  },
  "Give what differs from the zone's entry, such as {owners: [...], network: radiology}, or {} where nothing does.",
);
export type SiteEntry = z.infer<typeof siteEntry>;

/** A form lists them all, and each has a card of its own. */
const MOST_SITES = 20;
const SITES_REMEDY = "Name the zone's training sites, such as {radiology: {}, cardiology: {}}.";

const siteKey = idText(zoneName, "Choose a short name, such as radiology: it stands behind the zone's and a slash.");

const train = section(
  {
    templates: templates.optional(),
    sites: z
      .record(siteKey, siteEntry, { error: SITES_REMEDY })
      .refine((sites) => Object.keys(sites).length > 0, {
        error: SITES_REMEDY,
        params: { problem: "names no site" },
      })
      .refine((sites) => Object.keys(sites).length <= MOST_SITES, {
        error: `Name at most ${MOST_SITES}.`,
        params: { problem: "names too many sites" },
      })
      .optional(),
  },
  "Give the SuperNodes' VM templates, such as {templates: {none: Flower SuperNode 1.31.0}}.",
);

const gateway = section(
  { template: reference },
  "Give the VM template of the VM that has the zone's tunnel, such as {template: Flower gateway 1.31.0}.",
);

export const TRAIN_REMEDY = `${TEMPLATES_REMEDY} They belong to the zone, or to each of its \`sites\`.`;

export const zoneEntry = section(
  {
    title: title("organisation"),
    xmlrpc: readText("Give oned's XML-RPC address, such as https://one.example.org:2633/RPC2.", readUrl),
    oneflow: readText(
      "Give OneFlow's address, such as https://one.example.org:2474, or leave it out where there is none.",
      readUrl,
    ).optional(),
    deploy: z
      .enum(["oneflow", "vms"], {
        error: "Give oneflow for services of OneFlow, or vms for VMs that no service holds; oneflow is usual.",
      })
      .optional(),
    user: userName,
    password: secretSource,
    login: z
      .enum(["password", "token"], {
        error: "Give password, or token for a login token that is made with the password and shown in its place.",
      })
      .optional(),
    /** What the zone is called in the zone pool, where that is not the entry's own name. */
    pool: z
      .union([z.int().min(0), z.string().min(1)], { error: "Give the zone's number or name in the zone pool." })
      .optional(),
    ca: text("Give the file with the CA certificate that signed the endpoints', in PEM.").optional(),
    channel: channelEntry.optional(),
    owners: owners("zone"),
    quorum: quorum.default(1),
    coordinate: coordinate.optional(),
    train: train.optional(),
    network: reference,
    tunnel: tunnelWay.default("own"),
    gateway: gateway.optional(),
    alternatives: alternatives.prefault({}),
    nodeConfig: nodeConfig.default({}),
  },
  "Give the zone's title, endpoints, account, owners, templates and network; zones.example.yml shows an entry.",
);

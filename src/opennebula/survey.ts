/** The read-only look at a zone before anybody is asked and before anything is created. */
import {
  type Absent,
  type AccountFacts,
  type DataImageFacts,
  type ImageFacts,
  type NetworkFacts,
  type ObjectRef,
  type PortSpan,
  type SurveyQuery,
  type VmTemplateFacts,
  ZoneError,
  type ZoneSurvey,
} from "../federation/model/zone-facts.ts";
import { readAccount } from "./account.ts";
import { headroom } from "./parse/account.ts";
import { parseDataImage, parseImage } from "./parse/image.ts";
import { type Named, parseNames } from "./parse/named.ts";
import { parseAllocated, parseNetwork } from "./parse/network.ts";
import { groupIds, parseOpenPorts } from "./parse/security-group.ts";
import { type DiskImage, diskFacts, parseDisks, parseTemplate } from "./parse/template.ts";
import { readPool } from "./pool.ts";
import type { Reading } from "./xmlrpc.ts";
import { told, type ZoneSettings } from "./zone-settings.ts";

const USABLE = -2;
const NAMES_PER_PAGE = 128;

interface Looking {
  readonly oned: Reading;
  /** Makes what others wrote fit to be read. */
  readonly words: (text: string) => string;
}

export async function survey(look: Looking, settings: ZoneSettings, query: SurveyQuery): Promise<ZoneSurvey> {
  const { oned, words } = look;
  const version = words(await settings.version(oned));
  const { facts, user, groups } = await readAccount(oned, words);
  const [{ rules, disabled }, template, gateway, network, data] = await Promise.all([
    settings.read(oned),
    surveyTemplate(look, query.template, facts),
    query.gateway === undefined ? null : surveyTemplate(look, query.gateway, facts),
    surveyNetwork(look, query.network),
    query.dataImage === undefined ? null : surveyData(look, query.dataImage),
  ]);
  const openPorts =
    query.opens === undefined ? null : await surveyPorts(oned, query.opens, gateway ?? template, network);
  const [dialling, dialled] = query.gatewayDials === true ? [gateway, template] : [template, gateway];
  const inside = (direction: "inbound" | "outbound", card: typeof gateway) =>
    gateway === null || card === null ? null : surveyPorts(oned, { protocol: "tcp", direction }, card, network);
  const [gatewayWays, gatewayDoors] = await Promise.all([inside("outbound", dialling), inside("inbound", dialled)]);
  const primary = groups.find(({ id }) => id === user.primaryGroup);
  return {
    version,
    account: facts,
    template,
    gateway,
    network,
    headroom: headroom(
      [user.quotas, ...(primary === undefined ? [] : [primary.quotas])],
      network.found ? network.id : undefined,
    ),
    data,
    openPorts,
    gatewayWays,
    gatewayDoors,
    rules,
    disabled,
  };
}

/** Drivers that apply security groups; the others let everything through. */
const FILTERING: ReadonlySet<string> = new Set(["fw", "802.1q", "vxlan", "elastic", "nodeport"]);

/** A packet passes where one of the groups lets it: a group that cannot be seen may be that one. */
async function surveyPorts(
  oned: Reading,
  asked: NonNullable<SurveyQuery["opens"]>,
  template: VmTemplateFacts | Absent,
  network: NetworkFacts | Absent,
): Promise<readonly PortSpan[] | null> {
  if (!network.found || !template.found || !FILTERING.has(network.driver.toLowerCase())) return null;
  const ids = new Set([...network.securityGroups, ...groupIds(template.nic.securityGroups)]);
  return told(async () => {
    const all = [...ids].map(async (id) => parseOpenPorts(await oned.read("one.secgroup.info", id, false), asked));
    return (await Promise.all(all)).flat();
  });
}

async function surveyTemplate(look: Looking, ref: ObjectRef, account: AccountFacts): Promise<VmTemplateFacts | Absent> {
  const { oned, words } = look;
  const id = await resolve(oned, "VMTEMPLATE", ref);
  if (typeof id !== "number") return id;
  return orAbsent(ref, async () => {
    const [plain, extended] = await Promise.all([
      oned.read("one.template.info", id, false, false),
      oned.read("one.template.info", id, true, false),
    ]);
    const seen = await Promise.all(
      parseDisks(extended).map(async (disk) => ({
        disk,
        image: disk.image === undefined ? undefined : await surveyImage(look, disk.image, account),
      })),
    );
    const template = parseTemplate(plain);
    return {
      ...template,
      name: words(template.name),
      otherNics: template.otherNics.map(words),
      pciNics: template.pciNics.map(words),
      contextNames: template.contextNames.map(words),
      diskNames: template.diskNames.map(words),
      images: seen.flatMap(({ image }) => (image === undefined ? [] : [image])),
      disks: seen.map(({ disk, image }) =>
        diskFacts(disk, image === undefined || "found" in image ? undefined : image),
      ),
    };
  });
}

async function surveyImage(
  { oned, words }: Looking,
  image: DiskImage,
  account: AccountFacts,
): Promise<ImageFacts | Absent> {
  const asked = typeof image.ref === "string" ? words(image.ref) : image.ref;
  const id = await imageIdOf(oned, image, account);
  if (typeof id !== "number") return { ...id, asked };
  return orAbsent(asked, async () => {
    const facts = parseImage(await oned.read("one.image.info", id, false));
    return { ...facts, name: words(facts.name) };
  });
}

const surveyData = ({ oned, words }: Looking, id: number): Promise<DataImageFacts | Absent> =>
  orAbsent(id, async () => {
    const facts = parseDataImage(await oned.read("one.image.info", id, false));
    return { ...facts, name: words(facts.name) };
  });

/** As oned looks for it. Of the images that others own it finds none unless the template names the owner. */
async function imageIdOf(oned: Reading, { ref, owner }: DiskImage, account: AccountFacts): Promise<number | Absent> {
  if (typeof ref === "number") return ref;
  const namesakes = (await usableObjects(oned, "IMAGE")).filter(({ name }) => name === ref);
  const wanted = owner ?? account.id;
  const found = namesakes.find(({ uid, uname }) => (typeof wanted === "number" ? uid === wanted : uname === wanted));
  return found?.id ?? { found: false, because: namesakes.length === 0 ? "missing" : "foreign", asked: ref };
}

async function surveyNetwork({ oned, words }: Looking, ref: ObjectRef): Promise<NetworkFacts | Absent> {
  const id = await resolve(oned, "VNET", ref);
  if (typeof id !== "number") return id;
  return orAbsent(ref, async () => {
    const network = parseNetwork(await oned.read("one.vn.info", id, false));
    const { leased, held } = parseAllocated(await oned.read("one.vnpool.info", USABLE, id, id), id);
    return { ...network, name: words(network.name), leased: [...new Set([...network.leased, ...leased])], held };
  });
}

const POOLS = { VMTEMPLATE: "one.templatepool.info", VNET: "one.vnpool.info", IMAGE: "one.imagepool.info" } as const;

/** All that the account can use. */
const usableObjects = (oned: Reading, element: keyof typeof POOLS): Promise<readonly Named[]> =>
  readPool(NAMES_PER_PAGE, async (offset) =>
    parseNames(await oned.read(POOLS[element], USABLE, offset, -NAMES_PER_PAGE), element),
  );

/** A name must belong to one object only among all that the account can use. */
async function resolve(oned: Reading, element: keyof typeof POOLS, ref: ObjectRef): Promise<number | Absent> {
  if (typeof ref === "number") return ref;
  const fitting = (await usableObjects(oned, element)).filter(({ name }) => name === ref);
  const [first] = fitting;
  if (first === undefined) return { found: false, because: "missing", asked: ref };
  return fitting.length === 1 ? first.id : { found: false, because: "ambiguous", asked: ref };
}

async function orAbsent<T>(asked: ObjectRef, look: () => Promise<T>): Promise<T | Absent> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ZoneError)) throw error;
    if (error.code === "no-such-object") return { found: false, because: "missing", asked };
    if (error.code === "forbidden") return { found: false, because: "forbidden", asked };
    throw error;
  }
}

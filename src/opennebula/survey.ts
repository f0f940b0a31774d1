/** The read-only look at a zone before anybody is asked and before anything is created. */
import {
  type Absent,
  type ImageFacts,
  type NetworkFacts,
  type ObjectRef,
  type SurveyQuery,
  type VmTemplateFacts,
  ZoneError,
  type ZoneSurvey,
} from "../federation/model/zone-facts.ts";
import { readAccount } from "./account.ts";
import { headroom } from "./parse/account.ts";
import { parseImage } from "./parse/image.ts";
import { parseNames } from "./parse/named.ts";
import { parseAllocated, parseNetwork } from "./parse/network.ts";
import { type DiskImage, parseTemplate } from "./parse/template.ts";
import { readPool } from "./pool.ts";
import type { Reading } from "./xmlrpc.ts";

const USABLE = -2;
const NAMES_PER_PAGE = 128;

export async function survey(oned: Reading, query: SurveyQuery): Promise<ZoneSurvey> {
  const version = await oned.read("one.system.version");
  const [{ facts, user, groups }, template, network] = await Promise.all([
    readAccount(oned),
    surveyTemplate(oned, query.template),
    surveyNetwork(oned, query.network),
  ]);
  const primary = groups.find(({ id }) => id === user.primaryGroup);
  return {
    version,
    account: facts,
    template,
    network,
    headroom: headroom(
      [user.quotas, ...(primary === undefined ? [] : [primary.quotas])],
      network.found ? network.id : undefined,
    ),
  };
}

async function surveyTemplate(oned: Reading, ref: ObjectRef): Promise<VmTemplateFacts | Absent> {
  const id = await resolve(oned, "VMTEMPLATE", ref);
  if (typeof id !== "number") return id;
  return orAbsent(ref, async () => {
    const { disks, ...template } = parseTemplate(await oned.read("one.template.info", id, false, false));
    return { ...template, images: await Promise.all(disks.map((disk) => surveyImage(oned, disk))) };
  });
}

async function surveyImage(oned: Reading, { ref, owner }: DiskImage): Promise<ImageFacts | Absent> {
  const id = await resolve(oned, "IMAGE", ref, owner);
  if (typeof id !== "number") return id;
  return orAbsent(ref, async () => parseImage(await oned.read("one.image.info", id, false)));
}

async function surveyNetwork(oned: Reading, ref: ObjectRef): Promise<NetworkFacts | Absent> {
  const id = await resolve(oned, "VNET", ref);
  if (typeof id !== "number") return id;
  return orAbsent(ref, async () => {
    const network = parseNetwork(await oned.read("one.vn.info", id, false));
    const allocated = parseAllocated(await oned.read("one.vnpool.info", USABLE, id, id), id);
    return { ...network, leased: [...new Set([...network.leased, ...allocated])] };
  });
}

const POOLS = { VMTEMPLATE: "one.templatepool.info", VNET: "one.vnpool.info", IMAGE: "one.imagepool.info" } as const;

/** A name must belong to one object only among all that the account can use. */
async function resolve(
  oned: Reading,
  element: keyof typeof POOLS,
  ref: ObjectRef,
  owner?: string,
): Promise<number | Absent> {
  if (typeof ref === "number") return ref;
  const usable = await readPool(NAMES_PER_PAGE, async (offset) =>
    parseNames(await oned.read(POOLS[element], USABLE, offset, -NAMES_PER_PAGE), element),
  );
  const fitting = usable.filter((object) => object.name === ref && (owner === undefined || object.owner === owner));
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

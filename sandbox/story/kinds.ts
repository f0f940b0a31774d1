/** A federation of zones of every kind, under the CA of one of their organisations, from the form to its teardown. */
import { X509Certificate } from "node:crypto";
import { COORDINATING_SITE, type KindSite, TRAINING_SITES } from "../kinds-of-zones.ts";
import { homeChannel, zoneChannel } from "../zones-file.ts";
import { CertificateOwner } from "./certificate-owner.ts";
import { IssuingOrganisation } from "./issuing-organisation.ts";
import { lookAtZones, tellApart } from "./kinds-checks.ts";
import { lookForRemains, Performance, type StoryScenery } from "./performance.ts";
import { cardText, formText } from "./printed.ts";
import { FORM } from "./stage.ts";
import { train } from "./training.ts";

const NAME = "every-kind";
const SITES: readonly KindSite[] = [COORDINATING_SITE, ...TRAINING_SITES];
const ADJUST = "Adjust and approve";
const IMAGE = "Or a disk: the number of its image";
/** The number of the image with data in each of the sandbox's zones. */
const DISK = "1";
/** The organisation of zone-b's owners has the CA; the coordinator's owner passes on what it issues. */
const ISSUER = "Birch";
/** How many SuperNodes each training site has. */
const FIELDS = {
  "SuperNodes in Hospital A": "1",
  "SuperNodes in Hospital B, radiology": "1",
  "SuperNodes in Hospital B, cardiology": "1",
  "SuperNodes in Hospital C": "1",
} as const;

/** Resolves to whether every check held. `print` gets what people would read. */
export async function playKinds(sandbox: StoryScenery, print: (line: string) => void): Promise<boolean> {
  const issuer = new IssuingOrganisation(ISSUER);
  try {
    return await play(new Kinds(sandbox, print), issuer);
  } finally {
    issuer.end();
  }
}

async function play(stage: Kinds, issuer: IssuingOrganisation): Promise<boolean> {
  const certificates = new CertificateOwner(stage, { name: NAME, coordinator: COORDINATING_SITE.zone });
  await askForIt(stage);
  await giveCa(stage, certificates, issuer);
  await decide(stage);
  await rollOut(stage, certificates, issuer);
  if (stage.isReal) {
    stage.scene(
      "A data scientist trains on every site; zone-c's table is on the disk that its owner attached, and nowhere else.",
    );
    await train(stage, TRAINING_SITES);
    stage.watch.lap("trained, three rounds");
  }
  await tearDown(stage);
  return await stage.end();
}

class Kinds extends Performance {
  readonly isReal: boolean;

  constructor(sandbox: StoryScenery, print: (line: string) => void) {
    super(sandbox, print);
    this.isReal = sandbox.real === true;
  }

  /** The first owner of a site presses a button on what is about that site in its channel. */
  async press({ name, people }: KindSite, button: string): Promise<void> {
    await this.owner(people).press(zoneChannel(people), button, `(${name})`);
  }
}

async function askForIt(stage: Kinds): Promise<void> {
  stage.scene(
    "The requester fills in one form, in which a coordinator's zone and each department can be chosen to train.",
  );
  const { requester, checks } = stage;
  const first = await requester.open(homeChannel, "deploy-site", FORM);
  await requester.fill(first, {
    "Coordinator zone": COORDINATING_SITE.zone,
    "Training sites": TRAINING_SITES.map(({ zone, name }) => (name === "zone-a/training" ? `(${zone})` : `(${name})`)),
  });
  const form = await requester.view(FORM, Object.keys(FIELDS));
  await requester.fill(form, {
    "Name of the federation": NAME,
    "What it is for": "Shows that zones of every kind take part.",
    "Certificates by": "organisation",
    ...FIELDS,
  });
  stage.print(formText(await requester.view(FORM)));
  const { errors, problem } = await requester.submit(form);
  checks.hold("The form is accepted.", errors === undefined && problem === undefined);
  await stage.reads(homeChannel, `Federation ${NAME}`);
  stage.watch.lap("form sent until the federation's card is there");
}

async function giveCa(stage: Kinds, certificates: CertificateOwner, issuer: IssuingOrganisation): Promise<void> {
  stage.scene(`The coordinator's owner gives the certificate of ${ISSUER}'s root CA.`);
  const { checks } = stage;
  const asked = async () => (await Promise.all(SITES.map(({ people }) => stage.texts(zoneChannel(people))))).flat();
  await stage.reads(zoneChannel(COORDINATING_SITE.people), "Give the certificate of its root CA");
  checks.hold("Nobody is asked to approve before.", !(await asked()).some((text) => text.includes("Approve, adjust")));
  await certificates.givesCa(issuer);
  const { fingerprint256: fingerprint } = new X509Certificate(issuer.root);
  for (const { name, people } of SITES) await stage.reads(zoneChannel(people), `(${name})`, fingerprint, "Approve");
  checks.hold("Each site's card names that CA by its fingerprint.", true);
  stage.watch.lap("CA given, zones looked at and approval cards posted");
}

async function decide(stage: Kinds): Promise<void> {
  stage.scene("Each site's owners decide about their own site, departments of one zone too.");
  const { checks } = stage;
  const [, radiology, cardiology, withDisk] = TRAINING_SITES;
  const [channel, other] = [zoneChannel(cardiology.people), stage.owner(radiology.people)];
  await stage.slack.settings({ membership: { channel, person: other.id, member: true } });
  await other.press(channel, "Approve", `(${cardiology.name})`);
  const told = await other.told("Only this");
  checks.hold("An owner of the other department is refused, privately.", told.text.includes("owners can do that"));
  await attachDisk(stage, withDisk);
  stage.print(cardText(await stage.owner(radiology.people).messageWith(zoneChannel(radiology.people), "Approve")));
  for (const site of SITES.filter(({ hasDisk }) => !hasDisk)) await stage.press(site, "Approve");
  stage.watch.lap("owners' decisions");
}

/** Its owner adjusts and approves: its SuperNodes are to have the disk. */
async function attachDisk(stage: Kinds, site: KindSite): Promise<void> {
  await stage.press(site, ADJUST);
  const owner = stage.owner(site.people);
  const form = await owner.view(ADJUST, [IMAGE]);
  await owner.fill(form, { [IMAGE]: DISK });
  const { errors, problem } = await owner.submit(form);
  stage.checks.hold(`${site.name}'s owner attaches a disk.`, errors === undefined && problem === undefined);
  await stage.reads(zoneChannel(site.people), "Adjusted");
}

async function rollOut(stage: Kinds, certificates: CertificateOwner, issuer: IssuingOrganisation): Promise<void> {
  stage.scene(`${ISSUER}'s CA signs the SuperLink's request, and the coordinator's owner gives what it issued.`);
  await certificates.givesChain(issuer);
  stage.watch.lap("coordinator deployed, its certificate issued and given");
  for (const { name } of TRAINING_SITES) await stage.isUp(name);
  stage.checks.hold("Every training site is up: its SuperLink sees all its SuperNodes.", true);
  stage.watch.lap("training sites deployed, admitted, seen by the SuperLink");
  await tellApart(stage, SITES, issuer);
  await lookAtZones(stage, TRAINING_SITES, issuer);
}

async function tearDown(stage: Kinds): Promise<void> {
  stage.scene("The requester asks for teardown; each site's owner agrees for that site.");
  await stage.requester.type(homeChannel, `teardown ${NAME}`);
  for (const site of [...TRAINING_SITES, COORDINATING_SITE]) await stage.press(site, "Tear down here");
  await stage.reads(homeChannel, "Nothing of it runs any more");
  stage.watch.lap("torn down");
  await lookForRemains(stage);
}

/** The owner of the coordinator's zone, who brings an organisation's certificates to the bot. */
import { zoneChannel } from "../zones-file.ts";
import type { IssuingOrganisation } from "./issuing-organisation.ts";
import type { FederationWish, Stage } from "./stage.ts";

const MODAL = "Give a certificate";

export class CertificateOwner {
  readonly #stage: Stage;
  readonly #federation: string;
  readonly #zone: string;

  constructor(stage: Stage, { name, coordinator }: Pick<FederationWish, "name" | "coordinator">) {
    this.#stage = stage;
    this.#federation = name;
    this.#zone = coordinator;
  }

  /** Puts these texts into the modal as one file; resolves to the mistakes at its fields. */
  async gives(button: string, ...texts: readonly string[]): Promise<string> {
    const owner = this.#stage.owner(this.#zone);
    await owner.press(zoneChannel(this.#zone), button, `ederation ${this.#federation}`);
    const modal = await owner.view(MODAL);
    await owner.fill(modal, { "Files in PEM": texts.join("") });
    const { errors } = await owner.submit(modal);
    if (errors !== undefined) await owner.close(modal);
    return Object.values(errors ?? {}).join(" ");
  }

  async givesCa({ root }: IssuingOrganisation): Promise<void> {
    await this.#reads("Give the certificate of its root CA");
    this.#mustBeTaken(await this.gives("Give the CA's certificate", root));
  }

  /** Signs the SuperLink's request and gives the whole chain. */
  async givesChain(organisation: IssuingOrganisation): Promise<void> {
    const certificate = organisation.certificateFor(await this.request());
    this.#mustBeTaken(await this.gives("Give the certificate", certificate, organisation.issuing));
  }

  #mustBeTaken(mistakes: string): void {
    if (mistakes !== "") throw new Error(`The certificate was not taken: ${mistakes}`);
  }

  /** The SuperLink's request, as soon as it stands as a file under a card. */
  async request(): Promise<string> {
    await this.#reads("Have your CA sign the SuperLink's request");
    return this.#stage.slack.until(
      "the request as a file",
      async () => (await this.#newestRequest()) || undefined,
      this.#stage.patience,
    );
  }

  /** As soon as a message about the federation in the zone's channel has these words. */
  async #reads(words: string): Promise<void> {
    await this.#stage.reads(zoneChannel(this.#zone), words, this.#federation);
  }

  async #newestRequest(): Promise<string> {
    const { messages } = await this.#stage.slack.channel(zoneChannel(this.#zone));
    const files = messages.flatMap((message) => [message, ...message.replies]).flatMap((message) => message.files);
    return files.find(({ name }) => name.endsWith(".csr"))?.text ?? "";
  }
}

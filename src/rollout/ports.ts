/** What carrying out a plan needs of the world: small ports, which the adapters fit without knowing of them. */
import type { SurveyQuery, ZoneSnapshot, ZoneSurvey } from "../federation/zone-facts.ts";

/** The NIC a role's VMs get, in OneFlow's `template_contents`. */
export interface NicRequest {
  readonly NAME: string;
  readonly NETWORK_ID: string;
  readonly IP?: string;
  readonly MODEL?: string;
  readonly SECURITY_GROUPS?: string;
}

export interface InstantiateRequest {
  readonly name: string;
  /** Must hold every input that the template declares, optional ones too. */
  readonly userInputs: Readonly<Record<string, string>>;
  readonly role: {
    readonly name: string;
    readonly cardinality: number;
    readonly context: Readonly<Record<string, string>>;
    readonly nics: readonly NicRequest[];
  };
}

export interface ServiceTemplateFacts {
  readonly id: number;
  readonly name: string;
  /** TEMPLATE.BODY without what OneFlow adds (registration time), as plain data. */
  readonly body: unknown;
}

/** One zone's OpenNebula. Every call throws `ZoneError` and ends within its deadline. */
export interface Zone {
  /** Read-only look before anybody is asked and before anything is created. */
  survey(query: SurveyQuery): Promise<ZoneSurvey>;
  /** Service templates of the bot's account with that name. */
  serviceTemplates(name: string): Promise<readonly ServiceTemplateFacts[]>;
  /** Creates; never repeated blindly. */
  registerServiceTemplate(body: object): Promise<number>;
  /** Creates; never repeated blindly. An ambiguous failure may still bring the service later. */
  instantiate(serviceTemplateId: number, request: InstantiateRequest): Promise<number>;
  /** Everything of the bot's account in this zone now, not from a poll. */
  snapshot(): Promise<ZoneSnapshot>;
  /** Asks OneFlow to end a service from whatever state it is in. Fine if it is gone already. */
  removeService(serviceId: number): Promise<void>;
  /** Fine if it is done already. */
  terminateVm(vmId: number): Promise<void>;
  /** Appends attributes to a VM's USER_TEMPLATE. */
  publish(vmId: number, attributes: Readonly<Record<string, string>>): Promise<void>;
}

/** A named point at which a test may end the process. The shipped program passes one that does nothing. */
export type Checkpoint = (point: string) => void | Promise<void>;

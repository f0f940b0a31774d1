/** The next step until the federation serves, worked out from what is so. Pure. */
import type { ShownZone, View } from "../protocol.ts";
import { guestsOf } from "./guests.ts";
import { isApproval, type Waiting } from "./waiting.ts";

export interface Scene {
  readonly requester: string;
  readonly home: string;
  readonly command: string;
  readonly zones: readonly ShownZone[];
  readonly views: Readonly<Record<string, readonly View[]>>;
  /** The federations that have not ended, the newest last. */
  readonly federations: readonly { readonly name: string; readonly ts: string }[];
  readonly waiting: readonly Waiting[];
  readonly nameOf: (person: string) => string;
}

/** Where a step happens, and what it puts there. */
export type Offer =
  | {
      readonly do: "go";
      readonly person: string;
      readonly channel: string;
      readonly composer?: string;
      readonly thread?: string;
    }
  | { readonly do: "fill-form"; readonly person: string; readonly view: View }
  | null;

export interface Step {
  readonly number: number;
  readonly title: string;
  readonly says: string;
  /** Words on the button that takes somebody there. */
  readonly button: string;
  readonly offer: Offer;
  readonly done: boolean;
}

export const STEPS = 5;
const FORM = "deploy-site";

export function nextStep(scene: Scene): Step {
  const { requester, zones, views, federations, waiting } = scene;
  const view = views[requester]?.find(({ callbackId }) => callbackId === FORM);
  const guests = guestsOf(zones).filter(({ role }) => role !== "other");
  if (view !== undefined) return formStep(scene, view);
  const [first] = waiting;
  if (first !== undefined) return isApproval(first) ? approvalStep(scene, first) : answerStep(scene, first);
  if (federations.length === 0) return guests.length > 0 ? removalStep(scene) : firstStep(scene);
  return guests.length > 0 && guests.every(({ stage }) => stage === "serving") && hasNodes(zones)
    ? servingStep(scene)
    : waitingStep(scene, guests.length);
}

const hasNodes = (zones: readonly ShownZone[]): boolean => guestsOf(zones).some(({ role }) => role === "supernode");

function firstStep({ requester, home, command, nameOf }: Scene): Step {
  return {
    number: 1,
    title: "Ask for a federation",
    says: `You are ${nameOf(requester)}. In #federation, send ${command} deploy-site.`,
    button: "Put it into the composer",
    offer: { do: "go", person: requester, channel: home, composer: `${command} deploy-site` },
    done: false,
  };
}

function removalStep({ requester, home, nameOf }: Scene): Step {
  return {
    number: 4,
    title: "What ran is being removed",
    says: "Training sites go first, the coordinator last.",
    button: `Be ${nameOf(requester)}`,
    offer: { do: "go", person: requester, channel: home },
    done: false,
  };
}

/** Whether everything that must be there is. */
export const isComplete = ({ fields }: View): boolean =>
  fields.every(({ optional, value }) => optional || (value !== null && value.length > 0));

function formStep({ requester, nameOf }: Scene, view: View): Step {
  const isEmpty = !isComplete(view);
  return {
    number: 2,
    title: "Fill in the form",
    says: isEmpty
      ? "A name, the zone that coordinates, the zones that train. Wrong values are told at their field."
      : "It is complete. Send it with the button at its end.",
    button: isEmpty ? "Fill it in for me" : `Be ${nameOf(requester)}`,
    offer: { do: "fill-form", person: requester, view },
    done: false,
  };
}

function approvalStep({ waiting, nameOf }: Scene, { place, person, channel }: Waiting): Step {
  const open = waiting.filter(isApproval).length;
  const left = open === 1 ? "One site has not decided." : `${open} sites have not decided.`;
  return {
    number: 3,
    title: `Decide for ${place}`,
    says: `${left} As ${nameOf(person)}, read the card in #${nameOf(channel)} and press Approve.`,
    button: `Be ${nameOf(person)}`,
    offer: { do: "go", person, channel },
    done: false,
  };
}

function answerStep({ federations, nameOf }: Scene, { person, channel, button }: Waiting): Step {
  return {
    number: federations.length === 0 ? 3 : 4,
    title: "An owner is asked for something",
    says: `As ${nameOf(person)}, read the message in #${nameOf(channel)} that has the button “${button}”.`,
    button: `Be ${nameOf(person)}`,
    offer: { do: "go", person, channel },
    done: false,
  };
}

function waitingStep({ requester, home, zones, federations }: Scene, vms: number): Step {
  const serving = guestsOf(zones).filter(({ stage }) => stage === "serving").length;
  return {
    number: 4,
    title: vms === 0 ? "The bot looks at the zones" : "The federation comes up",
    says:
      vms === 0
        ? "It checks each zone, asks the owners, then creates the coordinator first."
        : `${serving} of ${vms} VMs serve. Coordinator, certificate, training sites: watch the thread and the picture.`,
    button: "Watch the thread",
    offer: { do: "go", person: requester, channel: home, ...threadOf(federations.at(-1)) },
    done: false,
  };
}

const threadOf = (card: Scene["federations"][number] | undefined) => (card === undefined ? {} : { thread: card.ts });

function servingStep({ requester, home, federations, command }: Scene): Step {
  const name = federations.at(-1)?.name ?? "";
  return {
    number: 5,
    title: "It serves",
    says: "Now hurt it: cut a link, let one flap, kill a VM, take a zone down. Or ask how it is.",
    button: `Ask for its status`,
    offer: { do: "go", person: requester, channel: home, composer: `${command} status ${name}` },
    done: true,
  };
}

/** How long a front-end takes, in milliseconds. What is the same in every pace stands where it is used. */
export interface Pace {
  /** The scheduler looks that often. */
  readonly scheduler: number;
  /** How many looks go by until a VM is given its host: the zone's first VM, its second, and so on, then from the start again. */
  readonly looks: readonly number[];
  readonly prolog: number;
  readonly boot: number;
  readonly xmlRpc: number;
  readonly oneFlow: { readonly call: number; readonly oneByOne: boolean };
  readonly oneGate: number;
  /** OneFlow's networks, from the first step of a service until its VMs are asked for. */
  readonly networks: number;
}

export const paces = {
  /** Every VM takes the same time, and calls do not wait for each other: stories come out alike. */
  even: {
    scheduler: 3000,
    looks: [1],
    prolog: 300,
    boot: 700,
    xmlRpc: 0,
    oneFlow: { call: 200, oneByOne: false },
    oneGate: 0,
    networks: 700,
  },
  /** As measured at a real 7.4.0 with dummy drivers on two cores. */
  lab: {
    scheduler: 1000,
    looks: [1, 3, 5, 2, 4],
    prolog: 100,
    boot: 200,
    xmlRpc: 2,
    oneFlow: { call: 300, oneByOne: true },
    oneGate: 300,
    networks: 700,
  },
} as const satisfies Record<string, Pace>;

export type PaceName = keyof typeof paces;

/** @throws Error naming all of them when there is none of that name */
export function paceNamed(name: string): PaceName {
  if (isPaceName(name)) return name;
  throw new Error(`--pace must be one of ${Object.keys(paces).join(", ")}, not "${name}"`);
}

function isPaceName(text: string): text is PaceName {
  return text in paces;
}

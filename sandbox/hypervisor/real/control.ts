import { z } from "zod";
import type { Answer, Route } from "../hypervisor-server.ts";
import { routerConfiguration } from "../tunnel/zone-routers.ts";
import { CommandFailed } from "./command.ts";
import { impostorWish } from "./impostor.ts";
import type { RealHypervisor } from "./real-hypervisor.ts";
import { udpForward } from "./zone-router.ts";

const vmAddress = z.object({ zone: z.string(), vmId: z.int().min(0) });
const clock = vmAddress.extend({ offset: z.int() });
const delay = z.object({ milliseconds: z.int().min(0).max(10_000) });
const forward = udpForward.extend({ zone: z.string() });
const ofZone = z.object({ zone: z.string() });
const addressFilter = ofZone.extend({ on: z.boolean() });
const router = routerConfiguration.extend({ zone: z.string() });
const firewall = z.object({ rules: z.array(z.string()), forgetIdleAfter: z.int().min(1).optional() });

/** What the play and the tests do to real guests and to what lies between zones; README.md says what each does. */
export function realControlRoutes(hypervisor: RealHypervisor): readonly Route[] {
  const onVm = (path: RegExp, act: (vm: z.infer<typeof vmAddress>) => Promise<boolean>): Route => ({
    method: "POST",
    path,
    handle: async (_, body) => found(await act(vmAddress.parse(body))),
  });
  return [
    { method: "GET", path: /^\/control\/guests$/, handle: () => ({ status: 200, body: hypervisor.views() }) },
    onVm(/^\/control\/cut$/, (vm) => hypervisor.setCut(vm, true)),
    onVm(/^\/control\/heal$/, (vm) => hypervisor.setCut(vm, false)),
    onVm(/^\/control\/kill$/, (vm) => hypervisor.kill(vm)),
    {
      method: "POST",
      path: /^\/control\/firewall$/,
      handle: async (_, body) => {
        const { rules, forgetIdleAfter } = firewall.parse(body);
        return await accepted(() => hypervisor.internet.setFirewall(rules, forgetIdleAfter));
      },
    },
    {
      method: "POST",
      path: /^\/control\/forward$/,
      handle: async (_, body) => {
        const { zone, ...wish } = forward.parse(body);
        return await accepted(() => hypervisor.forward(zone, wish));
      },
    },
    {
      method: "POST",
      path: /^\/control\/renumber$/,
      handle: (_, body) => {
        const { zone } = ofZone.parse(body);
        return accepted(() => hypervisor.renumber(zone));
      },
    },
    {
      method: "POST",
      path: /^\/control\/address-filter$/,
      handle: (_, body) => {
        const { zone, on } = addressFilter.parse(body);
        return accepted(() => hypervisor.filterAddresses(zone, on));
      },
    },
    {
      method: "POST",
      path: /^\/control\/router$/,
      handle: async (_, body) => {
        const { zone, ...configuration } = router.parse(body);
        return { status: 200, body: { publicKey: await hypervisor.setUpRouter(zone, configuration) } };
      },
    },
    {
      method: "POST",
      path: /^\/control\/delay$/,
      handle: (_, body) => {
        const { milliseconds } = delay.parse(body);
        return accepted(() => hypervisor.internet.setDelay(milliseconds));
      },
    },
    {
      method: "POST",
      path: /^\/control\/impostor$/,
      handle: (_, body) => {
        const wish = impostorWish.parse(body);
        return accepted(() => hypervisor.addImpostor(wish));
      },
    },
    {
      method: "DELETE",
      path: /^\/control\/impostor\/([^/]+)$/,
      handle: ([zone = ""]) => accepted(() => hypervisor.endImpostor(zone)),
    },
    {
      method: "POST",
      path: /^\/control\/clock$/,
      handle: (_, body) => {
        const { offset, ...vm } = clock.parse(body);
        return accepted(() => hypervisor.setClock(vm, offset));
      },
    },
  ];
}

function found(known: boolean): Answer {
  return known ? { status: 204 } : { status: 404, body: { error: "no such VM" } };
}

/** `act` resolves to false where there is no such VM. */
async function accepted(act: () => Promise<unknown>): Promise<Answer> {
  try {
    return found((await act()) !== false);
  } catch (error) {
    if (error instanceof CommandFailed) return { status: 400, body: { error: error.message } };
    throw error;
  }
}

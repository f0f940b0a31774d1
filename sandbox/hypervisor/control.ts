import { z } from "zod";
import { parseAddress } from "../../src/guest-protocol/address.ts";
import { faultRule } from "./faults.ts";
import type { Answer, Route } from "./hypervisor-server.ts";
import type { QuickHypervisor } from "./quick-hypervisor.ts";
import { zonePath } from "./tunnel/underlay.ts";
import { routerConfiguration } from "./tunnel/zone-routers.ts";

const vmAddress = z.object({ zone: z.string(), vmId: z.int().min(0) });

const speedRequest = z.object({ speed: z.number().positive() });

const detour = z.object({
  address: z.string().transform((text, context) => {
    const address = parseAddress(text);
    if (!address.ok) {
      context.addIssue("not an address; host:port is");
      return z.NEVER;
    }
    return address.value;
  }),
  port: z.int().min(1).max(65535),
});
const forward = z.object({ zone: z.string(), ip: z.ipv4(), port: z.int().min(1).max(65535) });
const router = routerConfiguration.extend({ zone: z.string() });
const path = zonePath.partial().extend({ zone: z.string() });
const clone = z.object({ from: vmAddress, to: vmAddress });

/** What the play and the tests do to quick guests; README.md says what each does. */
export function controlRoutes(hypervisor: QuickHypervisor): readonly Route[] {
  const { faults, network, routers, underlay } = hypervisor;
  return [
    { method: "GET", path: /^\/control\/guests$/, handle: () => ({ status: 200, body: hypervisor.guests() }) },
    {
      method: "POST",
      path: /^\/control\/cut$/,
      handle: (_, body) => found(hypervisor.setCut(vmAddress.parse(body), true)),
    },
    {
      method: "POST",
      path: /^\/control\/heal$/,
      handle: (_, body) => found(hypervisor.setCut(vmAddress.parse(body), false)),
    },
    {
      method: "POST",
      path: /^\/control\/kill$/,
      handle: async (_, body) => found(await hypervisor.kill(vmAddress.parse(body))),
    },
    {
      method: "POST",
      path: /^\/control\/faults$/,
      handle: (_, body) => {
        faults.add(faultRule.parse(body));
        return { status: 204 };
      },
    },
    {
      method: "DELETE",
      path: /^\/control\/faults$/,
      handle: () => {
        faults.clear();
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: /^\/control\/speed$/,
      handle: (_, body) => {
        hypervisor.setSpeed(speedRequest.parse(body).speed);
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: /^\/control\/routes$/,
      handle: (_, body) => {
        const { address, port } = detour.parse(body);
        network.announce(address, port, "control");
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: /^\/control\/forward$/,
      handle: (_, body) => {
        const { zone, ip, port } = forward.parse(body);
        underlay.forward(zone, ip, port);
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: /^\/control\/router$/,
      handle: (_, body) => {
        const { zone, ...configuration } = router.parse(body);
        return { status: 200, body: { publicKey: routers.setUp(zone, configuration) } };
      },
    },
    {
      method: "POST",
      path: /^\/control\/path$/,
      handle: (_, body) => {
        const { zone, ...change } = path.parse(body);
        underlay.setPath(zone, zonePath.parse({ ...underlay.pathOf(zone), ...change }));
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: /^\/control\/clone$/,
      handle: async (_, body) => {
        const { from, to } = clone.parse(body);
        return found(await hypervisor.clone(from, to));
      },
    },
  ];
}

function found(known: boolean): Answer {
  return known ? { status: 204 } : { status: 404, body: { error: "no such VM" } };
}

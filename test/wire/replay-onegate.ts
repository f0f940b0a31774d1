import { createServer } from "node:http";
import { describe, test } from "node:test";
import { z } from "zod";
import { type LabWish, startLab } from "./lab.ts";
import { recorded, replay } from "./recorded-call.ts";
import { Story } from "./story.ts";

const start = z.object({ vmId: z.number(), oneGate: z.object({ token: z.string() }) });

/** The tokens of VMs, each as soon as its hypervisor has it. */
class Tokens {
  readonly #known = new Map<number, string>();
  readonly #awaited = new Map<number, (token: string) => void>();

  hand(vm: number, token: string): void {
    this.#known.set(vm, token);
    this.#awaited.get(vm)?.(token);
  }

  of(vm: number): Promise<string> {
    const known = this.#known.get(vm);
    return known === undefined ? new Promise((resolve) => this.#awaited.set(vm, resolve)) : Promise.resolve(known);
  }
}

/** One lab with a hypervisor, from its start to its end. */
function withGuests(name: string, wish: LabWish, tell: (story: Story, tokens: Tokens) => Promise<void>): void {
  test(name, async () => {
    const tokens = new Tokens();
    const hypervisor = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      if (request.url === "/vms") {
        const { vmId, oneGate } = start.parse(JSON.parse(body));
        tokens.hand(vmId, oneGate.token);
      }
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => hypervisor.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.number() }).parse(hypervisor.address());
    const lab = await startLab({ ...wish, hypervisor: `http://127.0.0.1:${port}` });
    try {
      await tell(new Story(lab), tokens);
    } finally {
      await lab.running.stop();
      hypervisor.closeAllConnections();
      await new Promise<void>((resolve) => hypervisor.close(() => resolve()));
    }
  });
}

describe("a guest's calls to OneGate, with the token that its hypervisor was handed", () => {
  withGuests("what it publishes", { startIds: { documents: 16, vms: 37 } }, async (story, tokens) => {
    const { lab } = story;
    await story.sends("oneflow.error-401-not-authorized-create-document", (body) =>
      body.replace("fl-coord-1", "coord-gate"),
    );
    await story.serviceComesTo(16, "DEPLOYING");
    const asGuest = { "X-ONEGATE-TOKEN": await tokens.of(37) };
    await replay(lab, "onegate.error-401-bad-token");
    await replay(lab, "onegate.root", asGuest);
    await replay(lab, "onegate.vm.get", asGuest);
    await replay(lab, "onegate.service.get", asGuest);
    await replay(lab, "onegate.vm.put-fl-attributes", asGuest);
    await replay(lab, "onegate.vm.put-ready", asGuest);
    await replay(lab, "xmlrpc.vm.info-after-onegate-put");
    await replay(lab, "onegate.vm.put-40kB", { ...asGuest, "X-ONEGATE-VMID": "37" });
    await story.serviceComesTo(16, "RUNNING");
  });

  withGuests(
    "40 kB that were written from outside",
    { startIds: { documents: 308, vms: 461 } },
    async (story, tokens) => {
      await story.sends("oneflow.service.instantiate-over-quota", (body) =>
        body.replace('"cardinality": 3', '"cardinality": 2'),
      );
      await story.vmsSayReady(461, 462);
      await story.serviceComesTo(308, "RUNNING");
      await story.replays("xmlrpc", "vm.update-append-40kB");
      const both = recorded("xmlrpc.vmpool.infoset-two-vms-40kB-values").response.body ?? "";
      const [, newer = ""] = /FL_ADMIT&gt;&lt;!\[CDATA\[([^\]]*)/.exec(both) ?? [];
      await story.lab.control.command("zone-a", { do: "update-vm", vm: 462, text: `FL_ADMIT="${newer}"` });
      await story.replays("xmlrpc", "vmpool.infoset-two-vms-40kB-values");
      const asGuest = { "X-ONEGATE-TOKEN": await tokens.of(461) };
      await replay(story.lab, "onegate.vm.get-value-set-from-outside", asGuest);
    },
  );
});

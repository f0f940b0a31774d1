import { createServer } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { startLab } from "./lab.ts";
import { replay } from "./recorded-call.ts";
import { Story } from "./story.ts";

const start = z.object({ oneGate: z.object({ token: z.string() }) });

test("a guest's calls to OneGate, with the token that its hypervisor was handed", async () => {
  let hand: (token: string) => void = () => {};
  const token = new Promise<string>((resolve) => {
    hand = resolve;
  });
  const hypervisor = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.url === "/vms") hand(start.parse(JSON.parse(body)).oneGate.token);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => hypervisor.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(hypervisor.address());
  const lab = await startLab({ hypervisor: `http://127.0.0.1:${port}`, startIds: { documents: 16, vms: 37 } });
  try {
    const story = new Story(lab);
    await story.sends("oneflow.error-401-not-authorized-create-document", (body) =>
      body.replace("fl-coord-1", "coord-gate"),
    );
    await story.serviceComesTo(16, "DEPLOYING");
    const asGuest = { "X-ONEGATE-TOKEN": await token };
    await replay(lab, "onegate.error-401-bad-token");
    await replay(lab, "onegate.vm.get", asGuest);
    await replay(lab, "onegate.service.get", asGuest);
    await replay(lab, "onegate.vm.put-fl-attributes", asGuest);
    await replay(lab, "onegate.vm.put-ready", asGuest);
    await replay(lab, "xmlrpc.vm.info-after-onegate-put");
    await replay(lab, "onegate.vm.put-40kB", { ...asGuest, "X-ONEGATE-VMID": "37" });
    await story.serviceComesTo(16, "RUNNING");
  } finally {
    await lab.running.stop();
    hypervisor.closeAllConnections();
    await new Promise<void>((resolve) => hypervisor.close(() => resolve()));
  }
});

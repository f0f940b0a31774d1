import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { dialSuperlink } from "../../../sandbox/hypervisor/dial.ts";
import { LoopbackNetwork } from "../../../sandbox/hypervisor/network.ts";
import { makeTlsKey } from "../../../sandbox/hypervisor/tls-identity.ts";
import { parseAddress } from "../../../src/guest-protocol/address.ts";
import { TestAuthority } from "./test-authority.ts";

const NAMES = ["203.0.113.20", "fl.example.org"];

let authority: TestAuthority;
let other: TestAuthority;
let key: string;
before(async () => {
  [authority, other, key] = await Promise.all([TestAuthority.create(), TestAuthority.create(), makeTlsKey(2048)]);
});

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
  }
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function superlink(cert: string, protocols: string[] = ["h2"]): Server {
  return createTlsServer({ key, cert, ALPNProtocols: protocols }).on("tlsClientError", () => undefined);
}

async function dial(port: number, dialled = "203.0.113.20:9092", timeoutMs = 5_000): Promise<string> {
  const network = new LoopbackNetwork();
  const address = parseAddress(dialled);
  assert.ok(address.ok);
  network.announce(address.value, port, "zone-a/1");
  const from = "zone-b/2";
  const lead = network.lead(address.value, from);
  const parts = { network, from, address: address.value, lead, authorities: [authority.pem], timeoutMs };
  const result = await dialSuperlink(parts);
  if (result.link === "ok") {
    result.socket.destroy();
  }
  return result.link;
}

describe("dialling a SuperLink tells what is wrong", () => {
  it("ok: by address and by name", async () => {
    const port = await portOf(superlink(authority.issueForNewKey(key, NAMES)));
    assert.equal(await dial(port), "ok");
    assert.equal(await dial(port, "fl.example.org:9092"), "ok");
  });

  it("name-mismatch: a certificate for another name or address", async () => {
    const port = await portOf(superlink(authority.issueForNewKey(key, ["other.example", "203.0.113.99"])));
    assert.equal(await dial(port), "name-mismatch");
    assert.equal(await dial(port, "fl.example.org:9092"), "name-mismatch");
  });

  it("untrusted-ca: signed by another authority", async () => {
    assert.equal(await dial(await portOf(superlink(other.issueForNewKey(key, NAMES)))), "untrusted-ca");
  });

  it("expired and clock-skew: no longer and not yet valid", async () => {
    assert.equal(await dial(await portOf(superlink(authority.issueForNewKey(key, NAMES, -1)))), "expired");
    assert.equal(await dial(await portOf(superlink(authority.issueForNewKey(key, NAMES, 30, 1)))), "clock-skew");
  });

  it("not-tls: plain HTTP, a connection that is dropped, TLS without HTTP/2", async () => {
    assert.equal(await dial(await portOf(createHttpServer())), "not-tls");
    assert.equal(await dial(await portOf(createServer((socket) => socket.destroy()))), "not-tls");
    assert.equal(await dial(await portOf(superlink(authority.issueForNewKey(key, NAMES), ["http/1.1"]))), "not-tls");
  });

  it("stalled: a port that takes the connection and stays silent", async () => {
    const silent = createServer((socket) => socket.on("error", () => undefined));
    assert.equal(await dial(await portOf(silent), "203.0.113.20:9092", 200), "stalled");
  });

  it("refused: nothing listens any more", async () => {
    const server = createServer();
    const port = await portOf(server);
    server.close();
    await once(server, "close");
    assert.equal(await dial(port), "refused");
  });

  it("unreachable: an address where nobody is, and either end off the network", async () => {
    const network = new LoopbackNetwork();
    const address = parseAddress("203.0.113.20:9092");
    assert.ok(address.ok);
    const from = "zone-b/2";
    const parts = { network, from, address: address.value, authorities: [authority.pem], timeoutMs: 1_000 };
    const dialled = () => dialSuperlink({ ...parts, lead: network.lead(address.value, from) });
    assert.equal((await dialled()).link, "unreachable");
    network.announce(address.value, await portOf(superlink(authority.issueForNewKey(key, NAMES))), "zone-a/1");
    for (const end of ["zone-a/1", "zone-b/2"]) {
      network.cut(end);
      assert.equal((await dialled()).link, "unreachable");
      network.heal(end);
    }
    const healed = await dialled();
    assert.equal(healed.link, "ok");
    network.drop("zone-b/2");
  });
});

/** The agent with Flower's own daemons, on virtual machines that are namespaces. Run by itself: it takes minutes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { decodeBase64Text } from "../../src/guest-protocol/decoded.ts";
import { encodeKeyList } from "../../src/guest-protocol/key-list.ts";
import { type NodeKey, parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { Bench, until, type VirtualMachine } from "./bench.ts";

const bench = new Bench();
let script = "";
let ca: Authority;

class Authority {
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    this.openssl(
      "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=test-ca -days 30 -addext basicConstraints=critical,CA:true,pathlen:0 -addext keyUsage=critical,keyCertSign",
    );
  }
  openssl(line: string): string {
    return execFileSync("openssl", line.split(" "), {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
  pem(name: string): string {
    return execFileSync("cat", [join(this.folder, name)], { encoding: "utf8" });
  }
  sign(request: string, days = 30): string {
    writeFileSync(join(this.folder, "request.csr"), request);
    const names =
      /X509v3 Subject Alternative Name:\s*\n\s*(.*)/.exec(this.openssl("req -in request.csr -noout -text"))?.[1] ?? "";
    const san = names.replaceAll("IP Address:", "IP:").replaceAll(", ", ",");
    writeFileSync(
      join(this.folder, "ext"),
      `subjectAltName=${san}\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature,keyEncipherment\nbasicConstraints=critical,CA:false\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n`,
    );
    this.openssl(`x509 -req -in request.csr -CA ca.crt -CAkey ca.key -days ${days} -extfile ext -out server.pem`);
    return this.pem("server.pem");
  }
}

function context(role: "superlink" | "supernode", site: string, more: Record<string, string>): Record<string, string> {
  return {
    FL_PROTOCOL: "1",
    FL_ROLE: role,
    FL_FEDERATION: "fed-1",
    FL_SITE: site,
    FL_ATTEMPT: `fed-1/${site}/0123456789ab/1`,
    FLOWER_VERSION: "1.31.0",
    FL_TLS_ENABLED: "YES",
    FL_GRPC_KEEPALIVE_TIME: "60",
    FL_GRPC_KEEPALIVE_TIMEOUT: "20",
    ...more,
  };
}

function text(base64: string | undefined): string {
  const decoded = decodeBase64Text(base64 ?? "");
  assert.ok(decoded.ok);
  return decoded.value;
}

function key(machine: VirtualMachine): NodeKey {
  const parsed = parseNodeKey(bench.attributes(machine)["FL_NODE_KEY"] ?? "");
  assert.ok(parsed.ok);
  return parsed.value;
}

function online(superlink: VirtualMachine): string[] {
  const decoded = decodeNodeList(bench.attributes(superlink)["FL_NODES"] ?? "");
  return decoded.ok ? decoded.value.filter((node) => node.status === "online").map((node) => node.key) : [];
}

before(async () => {
  await bench.open();
  script = (await readGuestScript(join(process.cwd(), "manifests", "guest"))).base64;
  ca = new Authority(join(bench.folder, "ca"));
});
after(async () => {
  if (process.env["FLORIST_SHOW_LOGS"] === "1") {
    console.error(bench.machines.map((machine) => machine.logs()).join("\n"));
  }
  await bench.close();
});

test("a SuperLink and a SuperNode become one federation with nothing but what the bot writes", async () => {
  const superlink = bench.machine(
    10,
    script,
    context("superlink", "alpha", { FL_DIALLED_ADDRESS: "10.211.10.2:9092" }),
  );
  const supernode = bench.machine(
    11,
    script,
    context("supernode", "beta", {
      FL_SUPERLINK_ADDRESS: "10.211.10.2:9092",
      FL_SSL_CA_CERTFILE: encodePem([ca.pem("ca.crt")]),
    }),
  );
  superlink.boot();
  const a = bench.attributes(superlink);
  const b = bench.attributes(supernode);
  console.log("csr", await until("a request is published", 30, () => a["FL_TLS_CSR"] !== undefined));
  assert.equal(a["FL_READY"], undefined);
  a["FL_TLS_CA"] = encodePem([ca.pem("ca.crt")]);
  a["FL_TLS_CERT"] = encodePem([ca.sign(text(a["FL_TLS_CSR"]))]);
  console.log("serving", await until("the SuperLink serves", 40, () => a["FL_STAGE"] === "serving"));
  supernode.boot();
  console.log(
    "link",
    await until(
      "the SuperNode's link is well",
      30,
      () => b["FL_LINK"] === "ok" && b["FL_STAGE"] === "awaiting-admission",
    ),
  );
  a["FL_ADMIT"] = encodeKeyList("FL_ADMIT", { sequence: 1, keys: [key(supernode)] });
  console.log(
    "registered",
    await until(
      "the key is registered",
      30,
      () =>
        (a["FL_NODES"] ?? "") !== "" &&
        decodeNodeList(a["FL_NODES"] ?? "").ok &&
        text(a["FL_NODES"]).includes("registered"),
    ),
  );
  b["FL_ADMITTED"] = key(supernode).fingerprint;
  console.log("serving", await until("the SuperNode serves", 30, () => b["FL_STAGE"] === "serving"));
  console.log(
    "online",
    await until("the SuperLink sees it", 30, () => online(superlink).includes(key(supernode).fingerprint)),
  );
  console.log(a, b);
});

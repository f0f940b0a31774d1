import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A CA of a test, in a folder of its own. */
export class Authority {
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    this.openssl(
      "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=test-ca -days 30 -addext basicConstraints=critical,CA:true,pathlen:0 -addext keyUsage=critical,keyCertSign",
    );
  }
  openssl(line: string): string {
    return execFileSync("/usr/bin/openssl", line.split(" "), {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
  pem(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }
  /** Grants what a request asks for, as PEM. */
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

/** What the bot puts into CONTEXT of every guest with Flower. */
export function contextOf(
  role: "superlink" | "supernode",
  site: string,
  more: Record<string, string>,
): Record<string, string> {
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

/** A CA and a server certificate for one address, made anew for each test that wants TLS. */
import forge from "node-forge";

export interface Identity {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

const DAY = 24 * 60 * 60 * 1000;

/** `address` is an IPv4 address. */
export function makeIdentity(address: string): Identity {
  const authority = forge.pki.rsa.generateKeyPair(2048);
  const caName = [{ name: "commonName", value: "a zone's own CA" }];
  const ca = certificate(authority.publicKey, caName, caName, [{ name: "basicConstraints", cA: true, critical: true }]);
  ca.sign(authority.privateKey, forge.md.sha256.create());

  const server = forge.pki.rsa.generateKeyPair(2048);
  const names = { name: "subjectAltName", altNames: [{ type: 7, ip: address }] };
  const cert = certificate(server.publicKey, [{ name: "commonName", value: "zone" }], caName, [names]);
  cert.sign(authority.privateKey, forge.md.sha256.create());

  return {
    key: forge.pki.privateKeyToPem(server.privateKey),
    cert: forge.pki.certificateToPem(cert),
    ca: forge.pki.certificateToPem(ca),
  };
}

function certificate(
  publicKey: forge.pki.rsa.PublicKey,
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
  extensions: object[],
): forge.pki.Certificate {
  const made = forge.pki.createCertificate();
  made.publicKey = publicKey;
  made.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(8))}`;
  made.validity.notBefore = new Date(Date.now() - DAY);
  made.validity.notAfter = new Date(Date.now() + DAY);
  made.setSubject(subject);
  made.setIssuer(issuer);
  made.setExtensions(extensions);
  return made;
}

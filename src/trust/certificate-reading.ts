/** What a certificate says, read so that a check can rest on it. The text comes from people: nothing here throws on it. */
import { X509Certificate } from "node:crypto";
import forge from "node-forge";

export interface ReadCertificate {
  readonly x509: X509Certificate;
  readonly signatureOid: string;
  /** By object identifier; the value's DER as one character a byte. */
  readonly extensions: ReadonlyMap<string, { readonly critical: boolean; readonly der: string }>;
}

const { asn1 } = forge;
type Node = forge.asn1.Asn1;

export const OID = {
  keyUsage: "2.5.29.15",
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
} as const;

/** null when it is no certificate. */
export function readCertificate(pem: string): ReadCertificate | null {
  try {
    const x509 = new X509Certificate(pem);
    const tree = asn1.fromDer(x509.raw.toString("latin1"));
    const signatureOid = oidOf(children(children(tree)[1])[0]);
    return { x509, signatureOid, extensions: extensionsOf(children(tree)[0]) };
  } catch {
    return null;
  }
}

const children = (node: Node | undefined): readonly Node[] => (Array.isArray(node?.value) ? node.value : []);

const textOf = (node: Node | undefined): string => (typeof node?.value === "string" ? node.value : "");

const oidOf = (node: Node | undefined): string => asn1.derToOid(textOf(node));

function extensionsOf(body: Node | undefined): ReadCertificate["extensions"] {
  const tagged = children(body).find(({ tagClass, type }) => tagClass === asn1.Class.CONTEXT_SPECIFIC && type === 3);
  return new Map(
    children(children(tagged)[0]).map((extension) => {
      const parts = children(extension);
      return [oidOf(parts[0]), { critical: parts.length > 2, der: textOf(parts.at(-1)) }];
    }),
  );
}

function decoded({ extensions }: ReadCertificate, oid: string): Node | undefined {
  const der = extensions.get(oid)?.der;
  if (der === undefined) return undefined;
  try {
    return asn1.fromDer(der);
  } catch {
    return undefined;
  }
}

/** Whether it says so in the way that OpenSSL's strict check demands of a CA. */
export function mayIssue(certificate: ReadCertificate): boolean {
  const { x509, extensions } = certificate;
  const usage = usageBits(certificate);
  return (
    x509.ca &&
    extensions.get(OID.basicConstraints)?.critical === true &&
    usage !== null &&
    (usage & KEY_CERT_SIGN) !== 0
  );
}

/** Bits of the first byte of keyUsage. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;

/** null without the extension. The value is a BIT STRING: its tag, its length, how many bits are unused, the bits. */
function usageBits({ extensions }: ReadCertificate): number | null {
  const der = extensions.get(OID.keyUsage)?.der;
  return der === undefined ? null : (Buffer.from(der, "latin1")[3] ?? 0);
}

/** A certificate that names no usage is for every one. */
export function maySign(certificate: ReadCertificate): boolean {
  const usage = usageBits(certificate);
  return usage === null || (usage & DIGITAL_SIGNATURE) !== 0;
}

/** How many CAs may stand below it; null for any number. */
export function pathLength(certificate: ReadCertificate): number | null {
  const length = children(decoded(certificate, OID.basicConstraints)).find(({ type }) => type === asn1.Type.INTEGER);
  return length === undefined ? null : Buffer.from(textOf(length), "latin1").readUIntBE(0, 1);
}

export interface NameConstraints {
  readonly addresses: boolean;
  /** null: every DNS name is permitted. */
  readonly permitted: readonly string[] | null;
  readonly excluded: readonly string[];
}

const DNS_NAME = 2;
const IP_ADDRESS = 7;

export function nameConstraints(certificate: ReadCertificate): NameConstraints {
  const parts = children(decoded(certificate, OID.nameConstraints));
  const of = (type: number): readonly Node[] =>
    parts
      .filter((part) => part.type === type)
      .flatMap((part) => children(part).flatMap((subtree) => children(subtree).slice(0, 1)));
  const names = (bases: readonly Node[]): readonly string[] =>
    bases.filter(({ type }) => type === DNS_NAME).map((base) => textOf(base).toLowerCase());
  const [permitted, excluded] = [of(0), of(1)];
  const dns = names(permitted);
  return {
    addresses: [...permitted, ...excluded].some(({ type }) => type === IP_ADDRESS),
    permitted: dns.length === 0 ? null : dns,
    excluded: names(excluded),
  };
}

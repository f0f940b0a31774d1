/**
 * What is checked of a certificate request before anything is signed. The request comes from a guest, which is a claim:
 * every path through hostile input ends in a refusal, none in an exception.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import ipaddr from "ipaddr.js";
import forge from "node-forge";
import { z } from "zod";
import type { ReasonCode } from "../federation/model/reasons.ts";
import { type Host, parseHost } from "../guest-protocol/address.ts";

export type RequestRefusal =
  | "csr-too-large"
  | "csr-malformed"
  | "csr-key-type"
  | "csr-key-size"
  | "csr-key-exponent"
  | "csr-signature"
  | "csr-foreign-extension"
  | "csr-no-names"
  | "csr-foreign-name"
  | "csr-missing-name";

/** What each refusal is called in the journal, where it has its sentence for people. */
const CODES = {
  "csr-too-large": "request-malformed",
  "csr-malformed": "request-malformed",
  "csr-key-type": "request-key",
  "csr-key-size": "request-key",
  "csr-key-exponent": "request-key",
  "csr-signature": "request-signature",
  "csr-foreign-extension": "request-malformed",
  "csr-no-names": "request-lacks-name",
  "csr-foreign-name": "request-foreign-name",
  "csr-missing-name": "request-lacks-name",
} as const satisfies Record<RequestRefusal, ReasonCode>;

export interface RefusedRequest {
  readonly ok: false;
  readonly reason: RequestRefusal;
  readonly code: (typeof CODES)[RequestRefusal];
  /** One sentence for people. Holds at most a few harmless characters of what the guest sent. */
  readonly detail: string;
}

export interface CheckedRequest {
  readonly ok: true;
  readonly publicKey: KeyObject;
  /** Exactly the names asked for, each once. IPv6 addresses as RFC 5952 spells them. */
  readonly names: readonly Host[];
}

export interface RequestRules {
  /** The plan's names and the addresses that oned reports for the VM's NICs; localhost's names are always allowed. */
  readonly allowed: readonly Host[];
  /** The hosts that sites dial: a certificate without one of them would not serve all. */
  readonly required: readonly Host[];
}

const MAX_REQUEST_BYTES = 16 * 1024;
const KEY_BITS = { min: 2048, max: 4096 };
const KEY_EXPONENT = 65537n;

/** Names by which a SuperLink reaches itself; its Control API listens on loopback only. */
const LOCALHOST_NAMES: readonly Host[] = [
  { kind: "dns", value: "localhost" },
  { kind: "ip", value: "127.0.0.1" },
  { kind: "ip", value: "::1" },
];

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.1.1.11", "sha256"],
  ["1.2.840.113549.1.1.12", "sha384"],
  ["1.2.840.113549.1.1.13", "sha512"],
]);

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SUBJECT_ALT_NAME = "2.5.29.17";
/** GeneralName's choices (RFC 5280, 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

const extensionShape = z.object({
  id: z.string(),
  altNames: z.array(z.object({ type: z.int(), value: z.unknown() })).default([]),
});
type Extension = z.infer<typeof extensionShape>;
type AltName = Extension["altNames"][number];

// Written out instead of forge's own PEM reader, whose pattern takes very long on hostile text.
const PEM = /^-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE REQUEST-----\s*$/;

const refuse = (reason: RequestRefusal, detail: string): RefusedRequest => ({
  ok: false,
  reason,
  code: CODES[reason],
  detail,
});

/** What a guest sent, made fit for a sentence: no markup, no mention, not long. */
const shown = (text: string): string => text.replaceAll(/[^A-Za-z0-9.:*_-]/g, "?").slice(0, 80);

const same = (one: Host, other: Host): boolean => one.kind === other.kind && one.value === other.value;

const canonical = (host: Host): Host =>
  host.kind === "ip"
    ? { kind: "ip", value: ipaddr.parse(host.value).toString() }
    : { kind: "dns", value: host.value.toLowerCase() };

/** Checks a PKCS#10 request in PEM. Never throws on what the text says. */
export const checkRequest = (pem: string, rules: RequestRules): CheckedRequest | RefusedRequest => {
  if (pem.length > MAX_REQUEST_BYTES)
    return refuse("csr-too-large", `The certificate request is larger than ${MAX_REQUEST_BYTES / 1024} kB.`);
  const tree = parseTree(pem);
  const publicKey = tree === undefined ? undefined : publicKeyOf(tree);
  if (tree === undefined || publicKey === undefined)
    return refuse("csr-malformed", "The certificate request cannot be read as PKCS#10.");
  const keyRefusal = checkKey(publicKey);
  if (keyRefusal !== undefined) return keyRefusal;
  const request = parseRequest(tree);
  if (request === undefined) return refuse("csr-malformed", "The certificate request cannot be read as PKCS#10.");
  if (!isSignedBy(request, publicKey))
    return refuse("csr-signature", "The certificate request is not signed by the key it names.");
  return checkNames(publicKey, extensionsOf(request), rules);
};

const parseTree = (pem: string): forge.asn1.Asn1 | undefined => {
  const base64 = PEM.exec(pem)?.[1];
  if (base64 === undefined) return undefined;
  try {
    return forge.asn1.fromDer(Buffer.from(base64, "base64").toString("latin1"));
  } catch {
    return undefined;
  }
};

const child = (node: forge.asn1.Asn1 | undefined, index: number): forge.asn1.Asn1 | undefined =>
  Array.isArray(node?.value) ? node.value[index] : undefined;

/** The key is read by node's crypto: forge takes no other than RSA, so it could not say which one is wrong. */
const publicKeyOf = (tree: forge.asn1.Asn1): KeyObject | undefined => {
  const info = child(child(tree, 0), 2);
  if (info === undefined) return undefined;
  try {
    const der = Buffer.from(forge.asn1.toDer(info).getBytes(), "latin1");
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
};

const checkKey = (key: KeyObject): RefusedRequest | undefined => {
  if (key.asymmetricKeyType !== "rsa")
    return refuse("csr-key-type", `The key is of type ${key.asymmetricKeyType ?? "unknown"}; only RSA is taken.`);
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < KEY_BITS.min || modulusLength > KEY_BITS.max)
    return refuse("csr-key-size", `The key has ${modulusLength} bits; ${KEY_BITS.min} to ${KEY_BITS.max} are taken.`);
  if (publicExponent !== KEY_EXPONENT)
    return refuse("csr-key-exponent", `The key's public exponent is not ${KEY_EXPONENT}.`);
  return undefined;
};

const parseRequest = (tree: forge.asn1.Asn1): forge.pki.CertificateSigningRequest | undefined => {
  try {
    return forge.pki.certificationRequestFromAsn1(tree);
  } catch {
    return undefined;
  }
};

const isSignedBy = (request: forge.pki.CertificateSigningRequest, key: KeyObject): boolean => {
  const digest = DIGESTS.get(request.signatureOid ?? "");
  const signature = z.string().safeParse(request.signature);
  if (digest === undefined || !signature.success || request.certificationRequestInfo === null) return false;
  try {
    const signed = Buffer.from(forge.asn1.toDer(request.certificationRequestInfo).getBytes(), "latin1");
    return verify(digest, signed, key, Buffer.from(signature.data, "latin1"));
  } catch {
    return false;
  }
};

/** undefined when they have a form that nobody asks for. */
const extensionsOf = (request: forge.pki.CertificateSigningRequest): readonly Extension[] | undefined => {
  const asked = request.attributes.filter((attribute) => attribute.type === EXTENSION_REQUEST);
  const parsed = z.array(extensionShape).safeParse(asked.flatMap((attribute) => attribute.extensions ?? []));
  return parsed.success ? parsed.data : undefined;
};

const checkNames = (
  publicKey: KeyObject,
  extensions: readonly Extension[] | undefined,
  rules: RequestRules,
): CheckedRequest | RefusedRequest => {
  if (extensions === undefined) return refuse("csr-malformed", "The certificate request's extensions cannot be read.");
  const foreign = extensions.find((extension) => extension.id !== SUBJECT_ALT_NAME);
  if (foreign !== undefined)
    return refuse(
      "csr-foreign-extension",
      `It asks for the extension ${shown(foreign.id)}; only names may be asked for.`,
    );
  const allowed = [...rules.allowed, ...LOCALHOST_NAMES].map(canonical);
  const names: Host[] = [];
  for (const altName of extensions.flatMap((extension) => extension.altNames)) {
    const name = nameOf(altName);
    if (name === undefined || !allowed.some((one) => same(one, name)))
      return refuse("csr-foreign-name", `It asks for ${describe(altName)}, which is not a name of this SuperLink.`);
    if (!names.some((one) => same(one, name))) names.push(name);
  }
  if (names.length === 0) return refuse("csr-no-names", "The certificate request asks for no name.");
  const missing = rules.required.map(canonical).find((required) => !names.some((one) => same(one, required)));
  if (missing !== undefined)
    return refuse("csr-missing-name", `It does not ask for ${shown(missing.value)}, the name that sites dial.`);
  return { ok: true, publicKey, names };
};

const nameOf = ({ type, value }: AltName): Host | undefined => {
  if (typeof value !== "string") return undefined;
  if (type === DNS_NAME) {
    const host = parseHost(value);
    return host.ok && host.value.kind === "dns" ? host.value : undefined;
  }
  if (type !== IP_ADDRESS || (value.length !== 4 && value.length !== 16)) return undefined;
  return { kind: "ip", value: ipaddr.fromByteArray([...Buffer.from(value, "latin1")]).toString() };
};

const describe = (altName: AltName): string => {
  const name = nameOf(altName);
  if (name !== undefined) return shown(name.value);
  return altName.type === DNS_NAME && typeof altName.value === "string"
    ? shown(altName.value)
    : "something other than a DNS name or an address";
};

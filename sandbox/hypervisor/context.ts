import { isIPv4 } from "node:net";
import { type Address, parseAddress } from "../../src/guest-protocol/address.ts";
import { isIdentifier, parseAttempt } from "../../src/guest-protocol/attempt.ts";
import { decodePem } from "../../src/guest-protocol/certificates.ts";
import { parseFramework, parseRole, parseVersion } from "../../src/guest-protocol/claims.ts";
import { DATA_DISK, parseDataFolder } from "../../src/guest-protocol/data.ts";
import { type Decoded, decodeBase64Text } from "../../src/guest-protocol/decoded.ts";
import { parseExtraSan } from "../../src/guest-protocol/extra-san.ts";
import { CONTEXT, type GuestRole, PROTOCOL_VERSION } from "../../src/guest-protocol/names.ts";
import { GuestFailure } from "./guest-failure.ts";
import { areAuthorities } from "./tls-identity.ts";

type Values = Readonly<Record<string, string>>;

/** Who a guest is: what its proof is over. */
type Identity = {
  readonly federation: string;
  readonly site: string;
  readonly attempt: string;
  readonly version: string;
  /** Undefined where traffic crosses without one. */
  readonly tunnel: TunnelContext | undefined;
};

/** One end of a WireGuard tunnel; only a hub's has an address and a port from the start. */
export type TunnelContext = {
  readonly mtu: number;
  readonly hub: { readonly address: string; readonly port: number } | undefined;
};

export type SuperlinkContext = Identity & {
  readonly role: "superlink";
  readonly dialled: Address;
  /** Where it is dialled inside its tunnels; undefined where it is the hub of none. */
  readonly inside: Address | undefined;
  /** The names its certificate is asked for, each once. */
  readonly names: readonly string[];
};

export type SupernodeContext = Identity & {
  readonly role: "supernode";
  readonly superlink: Address;
  readonly authorities: readonly string[];
  /** The address of its zone's gateway, where that has the tunnel. */
  readonly gateway: string | undefined;
  /** What the owner attached. */
  readonly data: "none" | "folder" | "disk";
};

/** The VM that has its zone's tunnel for the SuperNodes beside it, or the hub for the SuperLink. */
export type GatewayContext = Identity & {
  readonly role: "gateway";
  readonly superlink: Address;
  readonly authorities: readonly string[];
  /** The SuperLink's address beside it, where it is the hub. */
  readonly beside: string | undefined;
};

export type GuestContext = SuperlinkContext | SupernodeContext | GatewayContext;

/** gRPC pings no more often than every 10 s; an interval over two hours is a mistake. Seconds. */
const KEEPALIVE = { min: 10, max: 7200, time: "60", timeout: "20" };
const PAIRS = /^([A-Za-z_][A-Za-z0-9_.-]*=('[^'\\\n]*'|"[^"\\\n]*"|[\w.+-]+)( +|$))*$/;
const FLEET_PORT = 9092;
const TUNNEL_MTU = { min: 1280, max: 1420 };
const SECONDS = /^[1-9][0-9]{0,4}$/;

/** @throws GuestFailure naming the first value that is missing or not of its form, never what it holds. */
export function readContext(values: Values): GuestContext {
  required(values, CONTEXT.protocol, (text) => accept(text, text === PROTOCOL_VERSION));
  required(values, CONTEXT.tlsEnabled, (text) => accept(text, text === "YES"));
  const role = required(values, CONTEXT.role, parseRole);
  const attempt = values[CONTEXT.attempt] ?? "";
  required(values, CONTEXT.attempt, parseAttempt);
  const identity: Identity = {
    federation: required(values, CONTEXT.federation, (text) => accept(text, isIdentifier(text))),
    site: required(values, CONTEXT.site, (text) => accept(text, isIdentifier(text))),
    attempt,
    version: required(values, CONTEXT.flowerVersion, parseVersion),
    tunnel: tunnelContext(values, role),
  };
  const context = contextOf(role, values, identity);
  checkKeepalive(values);
  return context;
}

function contextOf(role: GuestRole, values: Values, identity: Identity): GuestContext {
  switch (role) {
    case "superlink":
      return superlinkContext(values, identity);
    case "supernode":
      return supernodeContext(values, identity);
    case "gateway":
      return { ...identity, role, ...superlinkIn(values), beside: values[CONTEXT.tunnelSuperlink] || undefined };
  }
}

function superlinkContext(values: Values, identity: Identity): SuperlinkContext {
  const dialled = required(values, CONTEXT.dialledAddress, parseAddress);
  const extra = required({ [CONTEXT.extraSan]: "", ...values }, CONTEXT.extraSan, parseExtraSan);
  const own = values["ETH0_IP"] ?? "";
  const names = ["localhost", "127.0.0.1", "::1", own, dialled.host.value, ...extra.map(({ value }) => value)];
  const inside = insideOf(identity.tunnel);
  return { ...identity, role: "superlink", dialled, inside, names: [...new Set(names)].filter((name) => name !== "") };
}

/** Inside its tunnels a SuperLink listens where Flower does by itself. */
function insideOf(tunnel: TunnelContext | undefined): Address | undefined {
  const [host] = tunnel?.hub?.address.split("/") ?? [];
  const address = host === undefined ? undefined : parseAddress(`${host}:${FLEET_PORT}`);
  return address?.ok ? address.value : undefined;
}

function supernodeContext(values: Values, identity: Identity): SupernodeContext {
  required(values, CONTEXT.framework, (text) => parseFramework(text || "none"));
  required(values, CONTEXT.nodeConfig, parseNodeConfig);
  const folder = required(values, CONTEXT.data, (text) =>
    text === "" || text === DATA_DISK.told ? accept(text, true) : parseDataFolder(text),
  );
  return {
    ...identity,
    role: "supernode",
    ...superlinkIn(values),
    gateway: gatewayIn(values),
    data: folder === "" ? "none" : folder === DATA_DISK.told ? "disk" : "folder",
  };
}

/** Whom it dials, and which CA it believes. */
function superlinkIn(values: Values): Pick<SupernodeContext, "superlink" | "authorities"> {
  const superlink = required(values, CONTEXT.superlinkAddress, parseAddress);
  const authorities = required(values, CONTEXT.caCertificate, (text) => decodePem(text, "CERTIFICATE"));
  if (!areAuthorities(authorities)) {
    throw new GuestFailure("context-invalid", `${CONTEXT.caCertificate} holds no CA certificate.`);
  }
  return { superlink, authorities };
}

const gatewayIn = (values: Values): string | undefined =>
  values[CONTEXT.tunnelKind] === "gateway"
    ? required(values, CONTEXT.tunnelGateway, (text) => accept(text, isIPv4(text)))
    : undefined;

const TUNNEL_KINDS: Readonly<Record<GuestRole, readonly string[]>> = {
  superlink: ["own"],
  supernode: ["own", "gateway", "router"],
  gateway: ["gateway"],
};

function tunnelContext(values: Values, role: GuestRole): TunnelContext | undefined {
  if ((values[CONTEXT.tunnelKind] ?? "") === "" && role !== "gateway") {
    return undefined;
  }
  const kind = required(values, CONTEXT.tunnelKind, (text) => accept(text, TUNNEL_KINDS[role].includes(text)));
  const number = (name: string, min: number, max: number) =>
    Number(required(values, name, (text) => accept(text, /^[1-9][0-9]{0,4}$/.test(text) && isWithin(text, min, max))));
  const mtu = number(CONTEXT.tunnelMtu, TUNNEL_MTU.min, TUNNEL_MTU.max);
  if (role === "supernode" && kind !== "own") {
    return undefined;
  }
  const isHub = role === "superlink" || (values[CONTEXT.tunnelSuperlink] ?? "") !== "";
  if (!isHub) {
    return { mtu, hub: undefined };
  }
  if (role === "gateway") {
    required(values, CONTEXT.tunnelSuperlink, (text) => accept(text, isIPv4(text)));
  }
  const address = required(values, CONTEXT.tunnelAddress, parsePrefixed);
  return { mtu, hub: { address, port: number(CONTEXT.tunnelPort, 1, 65_535) } };
}

/** An IPv4 address with a prefix, as a network card has it. */
function parsePrefixed(text: string): Decoded<string> {
  const [address = "", prefix = "", ...rest] = text.split("/");
  return accept(text, rest.length === 0 && isIPv4(address) && /^([1-9]|[12][0-9]|3[0-2])$/.test(prefix));
}

const isWithin = (text: string, min: number, max: number): boolean => Number(text) >= min && Number(text) <= max;

/** Pairs as Flower's `--node-config` takes them, or nothing. */
function parseNodeConfig(text: string): Decoded<string> {
  const pairs = text === "" ? accept("", true) : decodeBase64Text(text);
  return pairs.ok ? accept(pairs.value, PAIRS.test(pairs.value)) : pairs;
}

/** An answer has to be due before the next ping. */
function checkKeepalive(values: Values): void {
  const time = values[CONTEXT.keepaliveTime] || KEEPALIVE.time;
  const timeout = values[CONTEXT.keepaliveTimeout] || KEEPALIVE.timeout;
  const isWhole = SECONDS.test(time) && SECONDS.test(timeout);
  const interval = Number(time);
  if (!isWhole || interval < KEEPALIVE.min || interval > KEEPALIVE.max || Number(timeout) >= interval) {
    throw new GuestFailure("keepalive-invalid", "Keepalive is 10 to 7200 whole seconds, its timeout less than that.");
  }
}

function required<T>(values: Values, name: string, parse: (text: string) => Decoded<T>): T {
  const parsed = parse(values[name] ?? "");
  if (!parsed.ok) {
    throw new GuestFailure("context-invalid", `${name} is missing or not of its form.`);
  }
  return parsed.value;
}

function accept(text: string, isOfItsForm: boolean): Decoded<string> {
  return isOfItsForm ? { ok: true, value: text } : { ok: false, reason: "shape" };
}

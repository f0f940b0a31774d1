import { createHash } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { parseAddress } from "./address.ts";
import { accepted, checkAttribute, type Decoded, decodeStructured, encodeStructured, refused } from "./decoded.ts";

/** Another end of a guest's tunnel. */
export type TunnelPeer = {
  /** WireGuard public key. */
  readonly key: string;
  /** `host:port` to send to; null where only the peer knows how to begin. */
  readonly endpoint: string | null;
  /** Networks that it may send from and is sent to, such as `10.99.0.3/32`; none while a key is known but not in use. */
  readonly allowed: readonly string[];
  /** The key whose networks this one takes over at its first handshake, without being told again. */
  readonly replaces: string | null;
};

/** All that a guest is told of its tunnel: always the whole. */
export type TunnelPeers = {
  /** Counts up with every change; a guest ignores one that is not newer than what it has taken. */
  readonly sequence: number;
  /** The guest's own addresses inside, each with its prefix, such as `10.99.0.2/31`. */
  readonly own: readonly string[];
  readonly peers: readonly TunnelPeer[];
};

/** How one peer does, as a guest sees it. */
export type TunnelPeerState = {
  readonly key: string;
  /** Seconds since the last handshake by a clock that nobody sets; null: never. */
  readonly age: number | null;
  /** Bytes received, and sent. */
  readonly rx: number;
  readonly tx: number;
  /** Where its packets come from, which may differ from what was told. */
  readonly endpoint: string | null;
  /** Networks that the device takes from it and sends to it now. */
  readonly allowed: readonly string[];
  /** How often it has been seen at another place than before. */
  readonly moves: number;
};

/** How often something came from an address. */
export type TunnelCount = { readonly from: string; readonly count: number };

export type TunnelLinks = {
  readonly peers: readonly TunnelPeerState[];
  /** Attempts to begin a tunnel, whether or not a peer was behind them. Only a hub counts them. */
  readonly knocks: readonly TunnelCount[];
  /** By address inside, which is the sender's own: packets that were dropped, as they were not for the SuperLink. */
  readonly strays: readonly TunnelCount[];
  /** Packets that were dropped because their source inside is not the sender's; 0 where the device does not count them. */
  readonly forged: number;
};

/** More are not told apart: whoever sends packets from many addresses fills no attribute. */
export const MAX_COUNTED = 32;
/** Networks of one peer; it is told one. */
const MAX_NETWORKS = 4;

const publicKey = z.string().refine(isTunnelKey);
const endpoint = z.string().refine(isTunnelEndpoint).nullable();
const prefixed = z.string().refine(isPrefixed);
const counter = z.int().min(0);

const peersShape = z.strictObject({
  sequence: z.int().min(1),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  own: z.array(prefixed),
  peers: z.array(
    z.strictObject({ key: publicKey, endpoint, allowed: z.array(prefixed), replaces: publicKey.nullable() }),
  ),
});

const counts = z.array(z.strictObject({ from: z.ipv4(), count: counter })).max(MAX_COUNTED);

const linksShape = z.strictObject({
  peers: z.array(
    z.strictObject({
      key: publicKey,
      age: counter.nullable(),
      rx: counter,
      tx: counter,
      endpoint,
      allowed: z.array(prefixed).max(MAX_NETWORKS),
      moves: counter,
    }),
  ),
  knocks: counts,
  strays: counts,
  forged: counter,
});

/** `WG_PUBLIC_KEY` and `WG_NEXT_KEY`: 32 bytes in canonical base64, and not the key that everybody has. */
export function parseTunnelKey(value: string): Decoded<string> {
  const checked = checkAttribute(value);
  if (!checked.ok) {
    return checked;
  }
  return isTunnelKey(value) ? checked : refused("shape");
}

/**
 * `WG_PEERS`: base64 of `{"schema":1,"sequence":2,"digest":"…","own":["10.99.0.1/31"],"peers":[{"key":"…","endpoint":
 * "host:port","allowed":["10.99.0.0/32"],"replaces":null}]}`.
 * @throws RangeError over 64 kB, which about 300 peers reach.
 */
export function encodeTunnelPeers({ sequence, own, peers }: TunnelPeers): string {
  const members = {
    own,
    peers: peers.map(({ key, endpoint: at, allowed, replaces }) => ({ key, endpoint: at, allowed, replaces })),
  };
  return encodeStructured({ sequence, digest: digestOf(sequence, members.own, members.peers), ...members });
}

/** Refuses the whole for one wrong peer, a repeated key or network, or a wrong digest: half a list changes nothing. */
export function decodeTunnelPeers(value: string): Decoded<TunnelPeers> {
  const decoded = decodeStructured(value, peersShape);
  if (!decoded.ok) {
    return decoded;
  }
  const { sequence, digest, own, peers } = decoded.value;
  if (digestOf(sequence, own, peers) !== digest) {
    return refused("digest");
  }
  const keys = peers.map(({ key }) => key);
  const networks = peers.flatMap(({ allowed }) => allowed);
  return areUnique(keys) && areUnique(networks) ? accepted({ sequence, own, peers }) : refused("shape");
}

/**
 * `WG_LINKS`: base64 of `{"schema":1,"peers":[{"key":"…","age":12,"rx":1,"tx":2,"endpoint":"host:port","allowed":[…],
 * "moves":0}],"knocks":[…],"strays":[…],"forged":0}`.
 */
export function encodeTunnelLinks({ peers, knocks, strays, forged }: TunnelLinks): string {
  const counted = (all: readonly TunnelCount[]) => all.map(({ from, count }) => ({ from, count }));
  return encodeStructured({
    peers: peers.map(({ key, age, rx, tx, endpoint: at, allowed, moves }) => {
      return { key, age, rx, tx, endpoint: at, allowed, moves };
    }),
    knocks: counted(knocks),
    strays: counted(strays),
    forged,
  });
}

export function decodeTunnelLinks(value: string): Decoded<TunnelLinks> {
  return decodeStructured(value, linksShape);
}

function isTunnelKey(text: string): boolean {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === 32 && bytes.toString("base64") === text && bytes.some((byte) => byte !== 0);
}

const areUnique = (texts: readonly string[]): boolean => new Set(texts).size === texts.length;

/** What is outside of a tunnel is IPv4: `host:port`, as elsewhere but for an IPv6 address. */
function isTunnelEndpoint(text: string): boolean {
  const parsed = parseAddress(text);
  return parsed.ok && !isIPv6(parsed.value.host.value);
}

/** An IPv4 address with a prefix of 1 to 32. */
function isPrefixed(text: string): boolean {
  const [address = "", prefix = "", ...rest] = text.split("/");
  return rest.length === 0 && isIPv4(address) && /^([1-9]|[12][0-9]|3[0-2])$/.test(prefix);
}

/**
 * SHA-256, lower-case hexadecimal, over lines that each end with a line feed: the attribute's name, the sequence, `own`
 * and its addresses, and for each peer its key, its endpoint, its networks and the key that it replaces, `-` for none.
 */
function digestOf(sequence: number, own: readonly string[], peers: readonly TunnelPeer[]): string {
  const lines = [
    "WG_PEERS",
    String(sequence),
    ["own", ...own].join(" "),
    ...peers.map(({ key, endpoint: at, allowed, replaces }) =>
      [key, at ?? "-", allowed.join(",") || "-", replaces ?? "-"].join(" "),
    ),
  ];
  const text = lines.map((line) => `${line}\n`).join("");
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/**
 * The names and closed sets of values that the bot and its guests agree on. A guest is a VM the bot caused to exist;
 * it reads CONTEXT once at boot and from then on speaks through the attributes of its own VM.
 */

/** The protocol's generation, as `FL_PROTOCOL` says it in CONTEXT. A VM without it is no guest of ours. */
export const PROTOCOL_VERSION = "1";

/** What a guest is told at creation. A name is a declared user input of the service template or a CONTEXT entry, never both. */
export const CONTEXT = {
  startScript: "START_SCRIPT_BASE64",
  token: "TOKEN",
  network: "NETWORK",
  reportReady: "REPORT_READY",
  protocol: "FL_PROTOCOL",
  role: "FL_ROLE",
  federation: "FL_FEDERATION",
  site: "FL_SITE",
  attempt: "FL_ATTEMPT",
  flowerVersion: "FLOWER_VERSION",
  tlsEnabled: "FL_TLS_ENABLED",
  keepaliveTime: "FL_GRPC_KEEPALIVE_TIME",
  keepaliveTimeout: "FL_GRPC_KEEPALIVE_TIMEOUT",
  extraSan: "FL_CERT_EXTRA_SAN",
  dialledAddress: "FL_DIALLED_ADDRESS",
  framework: "ML_FRAMEWORK",
  sshPublicKey: "SSH_PUBLIC_KEY",
  superlinkAddress: "FL_SUPERLINK_ADDRESS",
  caCertificate: "FL_SSL_CA_CERTFILE",
  nodeConfig: "FL_NODE_CONFIG",
  data: "FL_DATA",
  tunnelKind: "WG_KIND",
  tunnelAddress: "WG_ADDRESS",
  tunnelPort: "WG_PORT",
  tunnelMtu: "WG_MTU",
  tunnelGateway: "WG_GATEWAY",
  tunnelSuperlink: "WG_SUPERLINK",
} as const;

/** VM attributes that a guest publishes. What they say is a claim until the bot has checked it. */
export const PUBLISHED = {
  stage: "FL_STAGE",
  reason: "FL_REASON",
  heartbeat: "FL_HEARTBEAT",
  certificateRequest: "FL_TLS_CSR",
  endpoint: "FL_ENDPOINT",
  caCertificate: "FL_CA_CERT",
  fingerprint: "FL_TLS_FINGERPRINT",
  version: "FL_VERSION",
  flowerReady: "FL_READY",
  ready: "READY",
  nodes: "FL_NODES",
  nodeKey: "FL_NODE_KEY",
  nodeProof: "FL_NODE_PROOF",
  link: "FL_LINK",
  tunnelKey: "WG_PUBLIC_KEY",
  nextTunnelKey: "WG_NEXT_KEY",
  tunnelLinks: "WG_LINKS",
} as const;

/** VM attributes that the bot writes and a guest reads. */
export const GIVEN = {
  certificate: "FL_TLS_CERT",
  certificateAuthority: "FL_TLS_CA",
  admit: "FL_ADMIT",
  revoke: "FL_REVOKE",
  admitted: "FL_ADMITTED",
  trust: "FL_TRUST",
  tunnelPeers: "WG_PEERS",
  rotateTunnelKey: "WG_ROTATE",
  switchTunnelKey: "WG_SWITCH",
} as const;

export const GUEST_ROLES = ["gateway", "superlink", "supernode"] as const;
export type GuestRole = (typeof GUEST_ROLES)[number];

/** What the owner of a site can have on its SuperNodes beside Flower and NumPy. */
export const FRAMEWORKS = ["none", "pytorch", "tensorflow", "sklearn"] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** How far a guest has come. A SuperLink passes `awaiting-certificate`, a SuperNode `awaiting-admission`. */
export const STAGES = [
  "booting",
  "awaiting-certificate",
  "awaiting-admission",
  "starting",
  "serving",
  "failed",
] as const;
export type Stage = (typeof STAGES)[number];

/** Why a guest is not well. An attribute cannot be taken back, so a guest that is well again says `none`. */
export const REASONS = [
  "none",
  "agent-error",
  "context-invalid",
  "tool-missing",
  "flower-missing",
  "flower-version",
  "flower-exits",
  "keepalive-invalid",
  "port-taken",
  "disk-full",
  "disk-reused",
  "certificate-malformed",
  "certificate-untrusted",
  "certificate-key-mismatch",
  "certificate-name-missing",
  "certificate-expired",
  "own-handshake-failed",
  "database-lost",
  "node-key-unusable",
  "admission-malformed",
  "trust-malformed",
  "link-down",
  "not-admitted",
  "still-counted-online",
  "clock",
  "tunnel-unavailable",
  "tunnel-port-taken",
  "translation-unavailable",
  "peers-malformed",
  "data-missing",
  "data-empty",
  "data-unreadable",
] as const;
export type Reason = (typeof REASONS)[number];

/**
 * How a SuperNode's own dial of the SuperLink ended. It says nothing about admission. Those of a tunnel are said where
 * the dial goes through one that does not carry it.
 */
export const LINKS = [
  "ok",
  "unreachable",
  "refused",
  "stalled",
  "not-tls",
  "untrusted-ca",
  "name-mismatch",
  "expired",
  "clock-skew",
  "tunnel-silent",
  "tunnel-refused",
  "tunnel-stalled",
] as const;
export type Link = (typeof LINKS)[number];

/** What a SuperLink says of a SuperNode: `registered` was admitted and never seen. */
export const NODE_STATUSES = ["online", "offline", "registered"] as const;

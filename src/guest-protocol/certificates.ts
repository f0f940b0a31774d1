import { accepted, type Decoded, decodeBase64Text, encodeBase64Text, refused } from "./decoded.ts";

/** PEM texts travel as base64 of the whole text, which is how `text64` user inputs of a service template want them. */
export type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST";

const BLOCK = /-----BEGIN ([A-Z ]+)-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END ([A-Z ]+)-----\n/g;

export function encodePem(blocks: readonly string[]): string {
  return encodeBase64Text(blocks.map(normalised).join(""));
}

/**
 * The PEM blocks of a value, at least one, each ended by one line feed and all of the wanted label; text around the
 * blocks is refused. `FL_TLS_CERT` is a chain with the SuperLink's own certificate first, `FL_TLS_CA`, `FL_CA_CERT` and
 * `FL_SSL_CA_CERTFILE` are one authority or, while one is replaced, several. Whether a block is a certificate at all is
 * for X.509 to say.
 */
export function decodePem(value: string, label: PemLabel): Decoded<readonly string[]> {
  const text = decodeBase64Text(value);
  if (!text.ok) {
    return text;
  }
  return splitPem(text.value, label);
}

/** The same for a PEM text that is not in base64, such as the bundle inside `FL_TRUST`. */
export function splitPem(text: string, label: PemLabel): Decoded<readonly string[]> {
  const whole = normalised(text);
  const blocks: string[] = [];
  for (const [block, begin, , end] of whole.matchAll(BLOCK)) {
    if (begin !== label || end !== label) {
      return refused("shape");
    }
    blocks.push(block);
  }
  return blocks.length > 0 && blocks.join("") === whole ? accepted(blocks) : refused("shape");
}

function normalised(pem: string): string {
  return `${pem.replaceAll("\r\n", "\n").replace(/\n+$/, "")}\n`;
}

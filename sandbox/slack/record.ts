import { appendFileSync } from "node:fs";

interface Exchange {
  readonly at: string;
  readonly direction: "to-bot" | "from-bot";
  readonly method: string;
  readonly request: { readonly headers: Record<string, unknown>; readonly body: string };
  /** Null if no answer came. */
  readonly response: {
    readonly status: number;
    readonly headers: Record<string, unknown>;
    readonly body: string;
  } | null;
}

export type Recorder = (exchange: Exchange) => void;

/**
 * Appends each exchange as one JSON line to a file of mode 0600. Bodies are whole; credentials are replaced by `[secret]`.
 * @param credentials every text that must not get into the file
 */
export function createRecord(file: string | undefined, credentials: readonly string[]): Recorder {
  if (file === undefined) return () => undefined;
  const secrets = credentials
    .filter((secret) => secret !== "")
    .flatMap((secret) => [secret, encodeURIComponent(secret)]);
  appendFileSync(file, "", { mode: 0o600 });
  return (exchange) => {
    const headers = withoutCredentials(exchange.request.headers);
    const line = JSON.stringify({ edge: "slack", ...exchange, request: { ...exchange.request, headers } });
    const clean = secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), line);
    appendFileSync(file, `${clean}\n`, { mode: 0o600 });
  };
}

/** Tokens that are wrong are still somebody's tokens. */
function withoutCredentials(headers: Record<string, unknown>): Record<string, unknown> {
  const hidden = ["authorization", "x-slack-signature"].filter((name) => name in headers);
  return { ...headers, ...Object.fromEntries(hidden.map((name) => [name, "[secret]"])) };
}

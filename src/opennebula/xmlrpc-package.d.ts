/** The parts of the `xmlrpc` package that its own types leave out. */

declare module "xmlrpc/lib/serializer.js" {
  export function serializeMethodCall(method: string, parameters: readonly unknown[]): string;
}

declare module "xmlrpc/lib/deserializer.js" {
  import type { Readable } from "node:stream";
  export default class Deserializer {
    constructor(encoding: string);
    deserializeMethodResponse(stream: Readable, callback: (error: unknown, value?: unknown) => void): void;
  }
}

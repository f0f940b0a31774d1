import type { Answer } from "../daemon.ts";
import { permissionBits } from "../oned/objects.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import type { FlowDocument } from "./bodies.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import type { JsonObject } from "./json.ts";

const security = { "X-Content-Type-Options": "nosniff", Server: "thin" };

export function reply(status: number, body: string): Answer {
  return {
    status,
    headers: {
      "Content-Type": "text/html;charset=utf-8",
      "Content-Length": String(Buffer.byteLength(body)),
      "X-XSS-Protection": "1; mode=block",
      "X-Frame-Options": "SAMEORIGIN",
      ...security,
    },
    body,
  };
}

export function noContent(): Answer {
  return { status: 204, headers: { ...security, Connection: "close" }, body: "" };
}

export function notFound(): Answer {
  return reply(404, "<h1>Not Found</h1>");
}

export function documentReply(status: 200 | 201, document: FlowDocument): Answer {
  return reply(status, pretty({ DOCUMENT: documentJson(document) }));
}

export function poolReply(documents: readonly FlowDocument[]): Answer {
  if (documents.length === 0) return reply(200, '{\n  "DOCUMENT_POOL": {\n  }\n}');
  return reply(200, pretty({ DOCUMENT_POOL: { DOCUMENT: documents.map(documentJson) } }));
}

/** Anything that is no refusal is thrown on. */
export function refusal(error: unknown): Answer {
  if (error instanceof FlowError) return reply(error.status, error.message);
  if (error instanceof UncaughtFlowError) {
    return reply(500, JSON.stringify({ message: "Internal server error", reason: error.message }));
  }
  if (!(error instanceof OneError)) throw error;
  const allocates = /CREATE DOCUMENT|zone disabled|NAME/.test(error.message);
  const method = allocates ? "one.document.allocate" : "one.document.info";
  return reply(statusOf(error), `[${method}] ${error.message}`);
}

function statusOf(error: OneError): 401 | 404 | 500 {
  if (error.code === errorCode.authorization || error.code === errorCode.authentication) return 401;
  return error.code === errorCode.noSuchObject ? 404 : 500;
}

/** Numbers of the document are strings, numbers inside BODY are numbers. */
function documentJson(document: FlowDocument): JsonObject {
  return {
    ID: String(document.id),
    UID: String(document.uid),
    GID: String(document.gid),
    UNAME: document.uname,
    GNAME: document.gname,
    NAME: document.name,
    TYPE: String(document.type),
    PERMISSIONS: Object.fromEntries(permissionBits(document.permissions)),
    TEMPLATE: { BODY: document.body },
  };
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** The error codes of oned's answers. */
export const errorCode = {
  authentication: 256,
  authorization: 512,
  noSuchObject: 1024,
  action: 2048,
  rpc: 4096,
  internal: 8192,
  allocate: 16384,
} as const;

export type ErrorCode = (typeof errorCode)[keyof typeof errorCode];

/** A refusal of oned. The text lacks the `[one.method]` in front, which depends on who called. */
export class OneError extends Error {
  override readonly name = "OneError";
  readonly code: ErrorCode;
  readonly objectId: number;

  constructor(code: ErrorCode, text: string, objectId = -1) {
    super(text);
    this.code = code;
    this.objectId = objectId;
  }
}

export function cannotAllocate(what: string): OneError {
  return new OneError(errorCode.allocate, `Error allocating a new virtual machine template. ${what}`);
}

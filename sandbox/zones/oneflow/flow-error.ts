/** A refusal of OneFlow: plain text under that HTTP status. */
export class FlowError extends Error {
  override readonly name = "FlowError";
  readonly status: 400 | 401 | 404 | 500;

  constructor(status: 400 | 401 | 404 | 500, text: string) {
    super(text);
    this.status = status;
  }
}

/** What OneFlow did not catch itself: status 500 with JSON `{message, reason}` instead of text. */
export class UncaughtFlowError extends Error {
  override readonly name = "UncaughtFlowError";
}

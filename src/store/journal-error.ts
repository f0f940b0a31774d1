export type JournalErrorCode =
  | "journal-damaged"
  | "journal-newer"
  | "journal-event"
  | "journal-id"
  | "journal-locked"
  | "journal-lock-path"
  | "journal-directory"
  | "journal-read"
  | "journal-write"
  | "journal-closed"
  /** The directory that was opened is not there any more. */
  | "journal-lost";

/** What went wrong with the journal: a code for programs, a sentence for people, the original error as `cause`. */
export class JournalError extends Error {
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "JournalError";
    this.code = code;
  }
}

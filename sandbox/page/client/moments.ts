/** When something was, in the reader's words. The formats are made once: making one takes longer than drawing a message. */
const minutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export const timeOf = (at: Date, withSeconds = false): string => (withSeconds ? seconds : minutes).format(at);

export const dateOf = (at: Date): string =>
  at.toDateString() === new Date().toDateString() ? "today" : day.format(at);

/** Messages of a channel or a thread: the newest, and earlier ones when somebody comes near them or asks. */
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Message } from "../protocol.ts";
import { sought } from "./sought.ts";

/** So many messages are drawn at first, and as many more each time. */
const STEP = 30;
/** Closer to the end than this, a new message keeps the end in view. */
const AT_END_PX = 80;
/** Closer to the earliest one drawn than this, earlier ones are drawn. */
const NEAR_START_PX = 300;

interface MessageListProps {
  readonly of: "channel" | "thread";
  readonly messages: readonly Message[];
  readonly empty: string;
  readonly children: (message: Message) => ComponentChildren;
}

/** Stays at the end while somebody looks there, and where they are while earlier messages come above. */
export function MessageList({ of, messages: all, empty, children }: MessageListProps): JSX.Element {
  const [asked, setAsked] = useState(STEP);
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const belowView = useRef<number | null>(null);
  const target = targetIn(of, all);
  // What is before the one that a link leads to is drawn too, as it may stand in the middle.
  const most = target === undefined ? asked : Math.max(asked, all.length - target.index + STEP / 2);
  const left = Math.max(0, all.length - most);
  const shown = all.slice(left);

  useLayoutEffect(() => {
    if (isAtEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [all]);
  useLayoutEffect(() => {
    if (belowView.current !== null) box.current?.scrollTo({ top: box.current.scrollHeight - belowView.current });
    belowView.current = null;
  }, [most]);
  useLayoutEffect(() => {
    if (target === undefined || box.current === null) return;
    isAtEnd.current = false;
    point(box.current.querySelector(`[data-ts="${CSS.escape(target.ts)}"]`));
    setAsked(most);
    sought.value = null;
  }, [target?.ts]);

  const drawEarlier = ({ scrollHeight, scrollTop }: HTMLDivElement): void => {
    belowView.current = scrollHeight - scrollTop;
    setAsked(most + STEP);
  };
  return (
    <div
      class="messages"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      role="log"
      aria-label="Messages"
      onScroll={({ currentTarget }) => {
        const { scrollHeight, scrollTop, clientHeight } = currentTarget;
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END_PX;
        if (scrollTop < NEAR_START_PX && left > 0) drawEarlier(currentTarget);
      }}
    >
      {left === 0 ? null : (
        <button type="button" class="earlier" onClick={() => box.current !== null && drawEarlier(box.current)}>
          Show {Math.min(STEP, left)} earlier of {left}
        </button>
      )}
      {shown.length === 0 ? <p class="nothing">{empty}</p> : shown.map(children)}
    </div>
  );
}

/** A link with a thread leads into the thread's list, any other into the channel's. */
function targetIn(of: MessageListProps["of"], all: readonly Message[]) {
  const place = sought.value;
  if (place === null || (place.threadTs === undefined) !== (of === "channel")) return undefined;
  const index = all.findIndex(({ channel, ts }) => channel === place.channel && ts === place.ts);
  return index < 0 ? undefined : { ts: place.ts, index };
}

function point(message: Element | null): void {
  message?.scrollIntoView({ block: "center" });
  message?.animate([{ background: "var(--accent-wash)" }, { background: "transparent" }], 2500);
}

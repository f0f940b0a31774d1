/** The modal on top of what the person has open. What is typed is kept at the stand-in, so that a reload loses nothing. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { View } from "../protocol.ts";
import { Blocks } from "./blocks.tsx";
import { Dialog } from "./dialog.tsx";
import { given, pointerOf, type Use, type Used, type Value, Values, valueKey } from "./elements.tsx";
import { send } from "./gestures.ts";
import { Errors } from "./inputs.tsx";
import { choice, topView } from "./store.ts";
import { TourInModal } from "./tour-strip.tsx";

/** So long after the last key what was typed is kept. */
const TYPING_MS = 400;

export function ModalLayer(): JSX.Element | null {
  const view = topView.value;
  return view === undefined ? null : <Modal key={view.viewId} view={view} person={choice.value.person} />;
}

function Modal({ view, person }: { readonly view: View; readonly person: string }): JSX.Element {
  const { drafts, put, settle } = useDrafts(view, person);
  const [busy, setBusy] = useState(false);
  const { viewId } = view;
  const close = () => void send({ do: "close", what: { person, viewId } });
  const submit = async () => {
    if (busy) return;
    setBusy(true);
    await send({ do: "submit", what: { person, viewId, values: await settle() } });
    setBusy(false);
  };
  const use: Use = async (used) => {
    const field = fieldOf(view, used);
    if (field === undefined) {
      const came = await send({
        do: "click",
        what: { person, viewId, blockId: used.blockId, ...pointerOf(used), confirm: true },
      });
      return came.ok ? came.experience?.problem : came.why;
    }
    await put(used, isText(field.kind));
    return undefined;
  };
  const values = new Map<string, Value>(
    view.fields.map(({ blockId, actionId, value }) => [
      valueKey(blockId, actionId),
      drafts.get(blockId) === undefined ? value : (drafts.get(blockId) ?? null),
    ]),
  );
  return (
    <Dialog title={view.title} close={close}>
      <form
        class="modal-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <div class="modal-body" tabIndex={0}>
          <Values.Provider value={values}>
            <Errors.Provider value={view.errors}>
              <Blocks blocks={view.blocks} use={use} />
            </Errors.Provider>
          </Values.Provider>
        </div>
        <div class="modal-foot">
          <TourInModal view={view} />
          <button type="button" class="button usual" onClick={close}>
            {view.close ?? "Close"}
          </button>
          {view.submit === null ? null : (
            <button type="submit" class="button primary" aria-busy={busy}>
              {view.submit}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

const fieldOf = ({ fields }: View, { blockId, actionId }: Used) =>
  fields.find((field) => field.blockId === blockId && field.actionId === actionId);

const isText = (kind: string): boolean => kind.endsWith("_input");

/** What was typed and is not seen in the modal yet, by block. */
function useDrafts(view: View, person: string) {
  const [drafts, setDrafts] = useState<ReadonlyMap<string, Value>>(new Map());
  const newest = useRef(drafts);
  const timer = useRef<number>(0);
  const sending = useRef<Promise<unknown>>(Promise.resolve());
  const set = (next: ReadonlyMap<string, Value>): void => {
    newest.current = next;
    setDrafts(next);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    const unseen = [...newest.current].filter(([blockId, value]) => isUnseen(view, blockId, value));
    if (unseen.length < newest.current.size) set(new Map(unseen));
  }, [view]);
  const all = (): Record<string, string | string[] | null> =>
    Object.fromEntries([...newest.current].map(([blockId, value]) => [blockId, given(value)]));
  /** One after the other, so that nothing older arrives after what is newer. */
  const keep = async (): Promise<void> => {
    sending.current = sending.current.then(async () => {
      if (newest.current.size > 0) await send({ do: "fill", what: { person, viewId: view.viewId, values: all() } });
    });
    await sending.current;
  };
  return {
    drafts,
    put: async ({ blockId, selected = null }: Used, later: boolean): Promise<void> => {
      set(new Map(newest.current).set(blockId, selected));
      clearTimeout(timer.current);
      if (later) timer.current = window.setTimeout(() => void keep(), TYPING_MS);
      else await keep();
    },
    /** What a submission takes with it. */
    settle: async () => {
      clearTimeout(timer.current);
      await sending.current;
      return all();
    },
  };
}

/** Whether the modal has this field, and does not show there what was typed. */
function isUnseen({ fields }: View, blockId: string, typed: Value): boolean {
  const field = fields.find((one) => one.blockId === blockId);
  return field !== undefined && compared(field.value) !== compared(typed);
}

/** What was chosen has no order. */
const compared = (value: Value): string => JSON.stringify(typeof value === "string" ? value : value?.toSorted());

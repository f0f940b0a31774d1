/** A switch that says how things are, not what was pressed: it moves when the sandbox has moved. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";

interface SwitchProps {
  readonly name: string;
  /** Of what, for those who hear it. */
  readonly about: string;
  readonly says: string;
  readonly on: boolean;
  readonly turn: (on: boolean) => Promise<unknown>;
}

export function Switch({ name, about, says, on, turn }: SwitchProps): JSX.Element {
  const [busy, setBusy] = useState(false);
  const press = async () => {
    if (busy) return;
    setBusy(true);
    await turn(!on);
    setBusy(false);
  };
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={on}
      aria-busy={busy}
      aria-label={`${name}: ${about}`}
      title={says}
      onClick={() => void press()}
    >
      <span class="track" aria-hidden="true" />
      {name}
    </button>
  );
}

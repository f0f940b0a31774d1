import { errorCode, OneError } from "../oned/one-error.ts";
import { Fault, type RpcValue } from "./codec.ts";

/** A call's parameters, taken one after another as the method wants them. What does not fit is a Fault -501. */
export class Parameters {
  readonly #values: readonly RpcValue[];
  #next = 0;

  constructor(values: readonly RpcValue[]) {
    this.#values = values;
  }

  string(): string {
    const value = this.#take();
    if (value.type !== "string") throw wrongType("string");
    return value.value;
  }

  integer(): number {
    const value = this.#take();
    if (value.type !== "integer") throw wrongType("integer");
    return value.value;
  }

  boolean(): boolean {
    const value = this.#take();
    if (value.type !== "boolean") throw wrongType("boolean");
    return value.value;
  }

  optionalBoolean(): boolean {
    return this.#next < this.#values.length && this.boolean();
  }

  optionalInteger(): number | undefined {
    return this.#next < this.#values.length ? this.integer() : undefined;
  }

  optionalString(): string {
    return this.#next < this.#values.length ? this.string() : "";
  }

  /** An array of integers; empty without one. */
  optionalIntegers(): readonly number[] {
    if (this.#next >= this.#values.length) return [];
    const value = this.#take();
    if (value.type !== "array") throw wrongType("array");
    return value.values.map((one) => {
      if (one.type !== "integer") throw wrongType("integer");
      return one.value;
    });
  }

  /** Nothing may be left over. */
  end(): void {
    if (this.#next < this.#values.length) throw new Fault(-501, "Too many parameters");
  }

  #take(): RpcValue {
    const value = this.#values[this.#next];
    this.#next += 1;
    if (value === undefined) throw new Fault(-501, "Not enough parameters");
    return value;
  }
}

/** The type of an update, optional: 0 replaces, 1 appends by name. */
export function appends(parameters: Parameters): boolean {
  const type = parameters.optionalInteger() ?? 0;
  if (type !== 0 && type !== 1) throw new OneError(errorCode.rpc, "Wrong update type");
  return type === 1;
}

function wrongType(wanted: string): Fault {
  return new Fault(-501, `Parameter that is supposed to be ${wanted} is not`);
}

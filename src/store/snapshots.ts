/**
 * States beside their chains, so that a start need not read every event. A cache: it may lag, be deleted or be damaged,
 * and is believed only where the chain holds the line that it stands for.
 */
import { join } from "node:path";
import { Low } from "lowdb";
import { z } from "zod";
import type { FederationId } from "../federation/model/identity.ts";
import type { Federation } from "../federation/model/state.ts";
import type { Position } from "./event-log.ts";
import { SealedFile } from "./sealed-file.ts";
import { decode, encode } from "./state-codec.ts";

/** The sum of a chain up to `position`. */
export interface Snapshot {
  readonly position: Position;
  readonly federation: Federation;
}

export interface Snapshots {
  /** Undefined when there is none of that federation, whole and in today's shape. */
  load(id: FederationId): Promise<Snapshot | undefined>;
  save(snapshot: Snapshot): Promise<void>;
}

const position = z.strictObject({ seq: z.int(), hash: z.string(), start: z.int(), end: z.int() });

/** That the rest is a federation rests on the file's sum and the number of its shape. */
const identified = z.looseObject({ id: z.string(), seq: z.int() });
const isFederation = (value: unknown): value is Federation => identified.safeParse(value).success;
const snapshot = z
  .strictObject({ position, federation: z.custom<Federation>(isFederation) })
  .refine(({ position: { seq }, federation }) => federation.seq === seq, "It stands for another event.");

export class SnapshotFiles implements Snapshots {
  readonly #directory: string;
  readonly #schema: number;

  /** `schema`: number of the state's shape. The directory must exist. */
  constructor(directory: string, schema: number) {
    this.#directory = directory;
    this.#schema = schema;
  }

  async load(id: FederationId): Promise<Snapshot | undefined> {
    const file = this.#file(id);
    try {
      await file.read();
    } catch {
      // Whatever is wrong with it, the chain says it all again.
      return undefined;
    }
    return file.data?.federation.id === id ? file.data : undefined;
  }

  async save(taken: Snapshot): Promise<void> {
    const file = this.#file(taken.federation.id);
    file.data = taken;
    await file.write();
  }

  #file(id: FederationId): Low<Snapshot | null> {
    return new Low<Snapshot | null>(
      new SealedFile<Snapshot | null>({
        path: join(this.#directory, `${id}.json`),
        schema: this.#schema,
        durable: false,
        encode,
        decode: (stored) => snapshot.parse(decode(stored)),
      }),
      null,
    );
  }
}

import { z } from "zod";
import { type Block, messageBlock } from "./blocks.ts";
import { type Complaint, complaint, complaintsOf } from "./complaints.ts";
import { brokenRules, textCharacters } from "./rules.ts";
import { type Home, home, type Modal, modal } from "./view.ts";

/** Slack does not document it: all text of one message's blocks together (seen in slackapi/bolt-js#2509). */
const MESSAGE_TEXT_LIMIT = 11_300;
const VIEW_BYTES_LIMIT = 250_000;

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string; readonly complaints: readonly Complaint[] };

const messageBlocks = z.array(messageBlock).max(50);

/**
 * @param raw the blocks of a message as the app sent them
 * @param refused block types that this workspace does not take
 */
export function checkMessageBlocks(raw: unknown, refused: ReadonlySet<string>): Checked<Block[]> {
  if (!Array.isArray(raw)) return { ok: false, error: "invalid_blocks_format", complaints: [] };
  const unsupported = refusedTypes(raw, refused, ["blocks"]);
  const parsed = messageBlocks.safeParse(raw, { reportInput: true });
  if (!parsed.success) return refuse("invalid_blocks", [...unsupported, ...complaintsOf(parsed.error, ["blocks"])]);
  const complaints = [...unsupported, ...brokenRules(parsed.data, ["blocks"])];
  if (complaints.length > 0) return refuse("invalid_blocks", complaints);
  if (textCharacters(parsed.data) > MESSAGE_TEXT_LIMIT) return refuse("msg_blocks_too_long", []);
  return { ok: true, value: parsed.data };
}

export function checkModal(raw: unknown, refused: ReadonlySet<string>): Checked<Modal> {
  return checkView(raw, modal, refused, (view) =>
    view.submit === undefined
      ? view.blocks.flatMap((block, index) =>
          block.type === "input"
            ? [complaint("must define `submit` to use an `input` block in modals", ["view", "blocks", index, "input"])]
            : [],
        )
      : [],
  );
}

export function checkHome(raw: unknown, refused: ReadonlySet<string>): Checked<Home> {
  return checkView(raw, home, refused, () => []);
}

function checkView<V extends { blocks: Block[] }>(
  raw: unknown,
  schema: z.ZodType<V>,
  refused: ReadonlySet<string>,
  ownRules: (view: V) => Complaint[],
): Checked<V> {
  if (Buffer.byteLength(JSON.stringify(raw) ?? "") > VIEW_BYTES_LIMIT) return refuse("view_too_large", []);
  const parsed = schema.safeParse(raw, { reportInput: true });
  if (!parsed.success) return refuse("invalid_arguments", complaintsOf(parsed.error, ["view"]));
  const complaints = [
    ...refusedTypes(parsed.data.blocks, refused, ["view", "blocks"]),
    ...brokenRules(parsed.data.blocks, ["view", "blocks"]),
    ...ownRules(parsed.data),
  ];
  return complaints.length > 0 ? refuse("invalid_arguments", complaints) : { ok: true, value: parsed.data };
}

function refusedTypes(blocks: readonly unknown[], refused: ReadonlySet<string>, root: readonly string[]): Complaint[] {
  return blocks.flatMap((block, index) => {
    const type = typeof block === "object" && block !== null && "type" in block ? String(block.type) : "";
    return refused.has(type) ? [complaint(`unsupported type: ${type}`, [...root, index, "type"])] : [];
  });
}

function refuse(error: string, complaints: readonly Complaint[]): Checked<never> {
  return { ok: false, error, complaints };
}

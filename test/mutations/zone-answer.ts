/** Answers of oned and OneFlow, mutated: in their bytes, or whole on the outside and odd inside. */
import { success } from "../opennebula/daemons.ts";
import { type Dice, mutatedBytes, ODD_TEXTS, reshaped, reshapedXml } from "./mutation.ts";

export interface Credential {
  readonly user: string;
  readonly password: string;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Every form in which an answer may quote the bot's own secret. */
export function secretForms({ user, password }: Credential): readonly string[] {
  const pair = `${user}:${password}`;
  return [password, base64(password), base64(pair), encodeURIComponent(password), JSON.stringify(pair).slice(1, -1)];
}

/** What is put in between. */
export const piecesWith = (secrets: readonly string[]): readonly string[] => [
  ...ODD_TEXTS,
  ...secrets,
  ...["<", ">", "&", "</", "/>", "<![CDATA[", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "<VM/>", "<ID>7</ID>"],
  ...["<i4>7</i4>", "<boolean>1</boolean>", "<boolean>0</boolean>", "<fault>", "<nil/>", "<int>99999999999</int>"],
  ...["{", "}", '"', "\\"],
];

const BODY = /(<BODY><!\[CDATA\[)([\s\S]*?)(\]\]><\/BODY>)/;

export interface Whole {
  readonly status: number;
  readonly body: string;
  /** By REST with JSON; XML-RPC otherwise. */
  readonly isOneFlow: boolean;
}

export function mutatedAnswer(
  dice: Dice,
  { status, body, isOneFlow }: Whole,
  pieces: readonly string[],
): { readonly status: number; readonly body: Buffer } {
  const odd =
    dice.below(2) === 0 ? mutatedBytes(dice, Buffer.from(body), pieces) : inside(dice, body, isOneFlow, pieces);
  return { status: dice.below(10) === 0 ? dice.of([200, 201, 204, 302, 400, 401, 404, 500, 502]) : status, body: odd };
}

/** Whole on the outside. */
function inside(dice: Dice, body: string, isOneFlow: boolean, pieces: readonly string[]): Buffer {
  if (isOneFlow) return Buffer.from(json(dice, body, pieces));
  const value = /<string>([\s\S]*)<\/string>/.exec(body)?.[1];
  if (value === undefined) return Buffer.from(reshapedXml(dice, body, pieces));
  const xml = value.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  const document = BODY.exec(xml)?.[2];
  const shaped =
    document === undefined || dice.below(2) === 0
      ? reshapedXml(dice, xml, pieces)
      : xml.replace(BODY, (_all, before, _json, after) => before + json(dice, document, pieces) + after);
  return Buffer.from(success(shaped).body);
}

function json(dice: Dice, text: string, pieces: readonly string[]): string {
  try {
    return JSON.stringify(reshaped(dice, JSON.parse(text), [...pieces, null, 7, -1, 1e300, [], {}]));
  } catch {
    return dice.of(pieces);
  }
}

import { z } from "zod";
import { BOT_TOKEN, type Workspace } from "./workspace.ts";

const answer = z.looseObject({
  ok: z.boolean(),
  error: z.string().optional(),
  errors: z.array(z.string()).optional(),
  response_metadata: z.looseObject({ messages: z.array(z.string()).optional() }).optional(),
});

export type Answer = z.infer<typeof answer>;

/** A call as JSON with the bot's token, without the SDK between. */
export async function callApi(
  workspace: Pick<Workspace, "url" | "control">,
  method: string,
  args: Record<string, unknown>,
  headers: Record<string, string> = { authorization: `Bearer ${BOT_TOKEN}` },
): Promise<Answer & { readonly httpStatus: number; readonly headers: Headers }> {
  const response = await fetch(`${workspace.url}/api/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(args),
  });
  return { ...answer.parse(await response.json()), httpStatus: response.status, headers: response.headers };
}

/** The same as a form, structures as JSON text. */
export async function callApiWithForm(
  workspace: Pick<Workspace, "url" | "control">,
  method: string,
  args: Record<string, unknown>,
): Promise<Answer & { readonly httpStatus: number; readonly headers: Headers }> {
  const form = new URLSearchParams({ token: BOT_TOKEN });
  for (const [key, value] of Object.entries(args))
    form.set(key, typeof value === "string" ? value : JSON.stringify(value));
  const response = await fetch(`${workspace.url}/api/${method}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  });
  return { ...answer.parse(await response.json()), httpStatus: response.status, headers: response.headers };
}

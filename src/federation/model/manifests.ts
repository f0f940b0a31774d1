/** What zones are given, as it ships in `manifests/`: service templates and the guests' agent. */
import { z } from "zod";

const contextValues = z.record(z.string(), z.string());

/** A OneFlow 7.x service template as it ships in `manifests/`; only what the bot fills in is spelled out. */
export const serviceTemplate = z.looseObject({
  name: z.string(),
  user_inputs: contextValues,
  roles: z
    .tuple([
      z.looseObject({
        name: z.string(),
        template_id: z.int(),
        template_contents: z.looseObject({ CONTEXT: contextValues }),
      }),
    ])
    .readonly(),
});
export type ServiceTemplate = z.infer<typeof serviceTemplate>;

export interface Manifests {
  readonly coordinator: ServiceTemplate;
  readonly training: ServiceTemplate;
  /** What START_SCRIPT_BASE64 says, and the SHA-256 of the source it was packed from. */
  readonly agent: { readonly base64: string; readonly sha256: string };
}

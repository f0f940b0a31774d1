/** What zones are given, as it ships in `manifests/`: service templates and the guests' agent, known by their digest. */
import { z } from "zod";
import { canonical, sha256 } from "./digest.ts";
import { partName, type Role } from "./plan.ts";

const contextValues = z.record(z.string(), z.string());

/** A OneFlow 7.x service template as it ships in `manifests/`; only what the bot fills in is spelled out. */
export const serviceTemplate = z.looseObject({
  name: z.string(),
  user_inputs: contextValues,
  /** In the order in which they come up; of each, what is planned as a part of that name is made. */
  roles: z
    .array(
      z.looseObject({
        name: partName,
        template_id: z.int(),
        template_contents: z.looseObject({ CONTEXT: contextValues }),
      }),
    )
    .min(1)
    .readonly(),
});
export type ServiceTemplate = z.infer<typeof serviceTemplate>;

/** What START_SCRIPT_BASE64 says, and the SHA-256 of the source it was packed from. */
const packedAgent = z.strictObject({ base64: z.string(), sha256: z.string() });

/** A service template and the agent in it. What runs keeps its own for as long as it runs. */
export const manifest = z.strictObject({ template: serviceTemplate, agent: packedAgent });
export type Manifest = z.infer<typeof manifest>;

/** What this version of the program gives to zones. */
export interface ShippedManifests {
  readonly coordinator: Manifest;
  readonly training: Manifest;
}

/** The manifests of this version, and those of earlier ones that something may still run with. */
export interface ManifestLibrary {
  readonly current: ShippedManifests;
  /** By digest; undefined when nobody kept it. */
  find(digest: string): Manifest | undefined;
}

/** Nothing changes a manifest that was read, and each plan asks for its digest. */
const digests = new WeakMap<Manifest, string>();

/** SHA-256 over the template and the agent's source: another compressor may pack the same source into other bytes. */
export function manifestDigest(manifest: Manifest): string {
  const known = digests.get(manifest);
  if (known !== undefined) return known;
  const { template, agent } = manifest;
  const made = sha256(canonical({ template, agent: agent.sha256 }));
  digests.set(manifest, made);
  return made;
}

export const manifestFor = ({ current }: ManifestLibrary, role: Role): Manifest =>
  role === "coordinator" ? current.coordinator : current.training;

/** `kept` are manifests of earlier versions. */
export function libraryOf(current: ShippedManifests, kept: readonly Manifest[] = []): ManifestLibrary {
  const known = new Map(
    [...kept, current.coordinator, current.training].map((one) => [manifestDigest(one), one] as const),
  );
  return { current, find: (digest) => known.get(digest) };
}

/** The zone pool of an OpenNebula federation in the zones file, and what an entry may leave to it. */
import { z } from "zod";
import { readUrl } from "./address.ts";
import { readText, section, text } from "./shape.ts";
import { readSource, type SecretSource, secretSource, userName, zoneEntry } from "./zone-entry.ts";

export const zonepoolSection = section(
  {
    xmlrpc: readText(
      "Give the XML-RPC address of one zone of the OpenNebula federation, best the master's, such as https://one.example.org:2633/RPC2.",
      readUrl,
    ),
    user: userName,
    password: secretSource,
    ca: text("Give the file with the CA certificate that signed the zones' endpoints, in PEM.").optional(),
  },
  "Give the address and the account that all zones share: {xmlrpc: https://one.example.org:2633/RPC2, user: florist, password: {file: florist.password}}.",
);

/** Beside a zone pool: where the zone is, and the account, are the pool's where the entry does not say them. */
export const pooledEntry = zoneEntry.extend({
  xmlrpc: zoneEntry.shape.xmlrpc.optional(),
  user: userName.optional(),
  password: z
    .unknown()
    .transform((value, context): SecretSource | undefined =>
      value === undefined ? undefined : readSource(value, context),
    )
    .optional(),
});
export type PooledEntry = z.infer<typeof pooledEntry>;

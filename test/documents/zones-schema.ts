/** The zones file's JSON schema, for editors: made from the shapes that the bot reads it with, remedies as descriptions. */
import { z } from "zod";
import { secretSource, secretSourceForm } from "../../src/config/zone-entry.ts";
import { pooledEntry } from "../../src/config/zonepool-entry.ts";
import { pooledZonesFile } from "../../src/config/zones-file.ts";

export function zonesSchema(): string {
  const schema = z.toJSONSchema(pooledZonesFile, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      if (zodSchema === secretSource || zodSchema === pooledEntry.shape.password) {
        const { $schema: _of, ...source } = z.toJSONSchema(secretSourceForm);
        Object.assign(jsonSchema, source);
      }
      const remedy = remedyOf(zodSchema);
      if (remedy !== null) jsonSchema.description ??= remedy;
    },
  });
  return `${JSON.stringify({ ...schema, title: "florist's zones file" }, null, 2)}\n`;
}

/** What a shape says to something that is nothing of what it takes; null where it has no words of its own. */
function remedyOf(shape: z.core.$ZodType): string | null {
  const refused = z.core.safeParse(shape, Symbol("nothing"));
  const message = refused.error?.issues[0]?.message;
  return message === undefined || message.startsWith("Invalid input") ? null : message;
}

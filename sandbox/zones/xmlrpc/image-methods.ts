import { granted } from "../oned/access.ts";
import { merged } from "../oned/attributes.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import type { Method } from "./method.ts";
import { appends } from "./parameters.ts";

/** What an image's owner does to it. */
export const imageMethods = {
  "one.image.update": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const text = parameters.string();
    const append = appends(parameters);
    parameters.end();
    const image = granted(user, "MANAGE", "IMAGE", id, zone.images);
    const given = parseTemplateText(text);
    image.attributes = append ? merged(image.attributes, given) : given;
    return id;
  },

  "one.image.delete": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    granted(user, "MANAGE", "IMAGE", id, zone.images);
    zone.images.remove(id);
    return id;
  },

  /** The lock is shown. What it keeps from whom is not known here, so it keeps nothing from anybody. */
  "one.image.lock": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    granted(user, "ADMIN", "IMAGE", id, zone.images).lockedBy = user.id;
    return id;
  },

  "one.image.unlock": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.end();
    const image = granted(user, "ADMIN", "IMAGE", id, zone.images);
    delete image.lockedBy;
    return id;
  },
} satisfies Record<string, Method>;

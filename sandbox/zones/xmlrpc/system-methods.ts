import { notAuthorized } from "../oned/access.ts";
import { configurationXml } from "../oned/account-xml.ts";
import { isAdministrator } from "../oned/accounts.ts";
import { element, textElement } from "../xml.ts";
import type { Method } from "./method.ts";

/** What the installation says of itself. Any user reads the configuration, of which little stands here. */
export const systemMethods = {
  "one.system.version": ({ zone }) => zone.version,

  "one.system.config": ({ zone }, parameters) => {
    parameters.end();
    return configurationXml(zone);
  },

  /** Hosts are shown to administrators; for the others the pool is empty. */
  "one.hostpool.info": ({ zone, user }, parameters) => {
    parameters.end();
    const hosts = isAdministrator(user) ? zone.hosts : [];
    return element(
      "HOST_POOL",
      ...hosts.map(({ id, name }) =>
        element("HOST", textElement("ID", id), textElement("NAME", name), textElement("STATE", 2)),
      ),
    );
  },

  "one.zone.raftstatus": ({ zone, user }, parameters) => {
    parameters.end();
    if (!isAdministrator(user)) throw notAuthorized(user, `ADMIN ZONE [${zone.id}]`);
    return element("RAFT", textElement("SERVER_ID", -1), textElement("STATE", 0), textElement("TERM", 0));
  },
} satisfies Record<string, Method>;

import { it } from "node:test";
import { diesAtGateways } from "./gateway-deaths.ts";

it("A bot that is killed wherever gateways come of it, the coordinator's in a service, makes none twice and leaves none behind", () =>
  diesAtGateways("zone-b"));

import { accountMethods } from "./account-methods.ts";
import type { Method } from "./method.ts";
import { poolMethods } from "./pool-methods.ts";
import { templateMethods } from "./template-methods.ts";
import { vmMethods } from "./vm-methods.ts";

export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ...Object.entries(accountMethods),
  ...Object.entries(poolMethods),
  ...Object.entries(templateMethods),
  ...Object.entries(vmMethods),
]);

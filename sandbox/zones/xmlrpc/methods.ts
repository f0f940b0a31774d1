import { accountMethods } from "./account-methods.ts";
import { administrationMethods } from "./administration-methods.ts";
import { documentMethods } from "./document-methods.ts";
import { imageMethods } from "./image-methods.ts";
import type { Method } from "./method.ts";
import { networkMethods } from "./network-methods.ts";
import { networkTemplateMethods } from "./network-template-methods.ts";
import { objectMethods } from "./object-methods.ts";
import { poolMethods } from "./pool-methods.ts";
import { quotaMethods } from "./quota-methods.ts";
import { systemMethods } from "./system-methods.ts";
import { templateMethods } from "./template-methods.ts";
import { vmMethods } from "./vm-methods.ts";

export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ...Object.entries(accountMethods),
  ...Object.entries(administrationMethods),
  ...Object.entries(documentMethods),
  ...Object.entries(imageMethods),
  ...Object.entries(networkMethods),
  ...Object.entries(networkTemplateMethods),
  ...Object.entries(objectMethods),
  ...Object.entries(quotaMethods),
  ...Object.entries(systemMethods),
  ...Object.entries(poolMethods),
  ...Object.entries(templateMethods),
  ...Object.entries(vmMethods),
]);

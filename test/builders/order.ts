/** What is ordered for a site that has VMs of one kind only. */
import type { RoleOrder, ServiceOrder } from "../../src/federation/proposing/manifest.ts";

export type LoneOrder = Omit<ServiceOrder, "roles"> & Omit<RoleOrder, "name">;

export function loneOrder({ roles: [role, ...more], ...order }: ServiceOrder): LoneOrder {
  if (role === undefined || more.length > 0) throw new Error(`"${order.name}" is not of one role.`);
  const { name: _called, ...ofRole } = role;
  return { ...order, ...ofRole };
}

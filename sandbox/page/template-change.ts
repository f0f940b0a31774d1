/** What the page's switch does to a VM template: it asks for more memory, by a step that shows that it was changed here. */
const ADDED_MB = 1;

interface Template {
  readonly id: number;
  readonly memoryMb: number;
}

/** Memory of templates is whole gigabytes, so an odd number says that the switch is on. */
export const isChanged = ({ memoryMb }: Template): boolean => memoryMb % 2 === ADDED_MB;

/** The text that switches a template's change on or off, or nothing where it is so already. */
export function changeText(template: Template, on: boolean): string | undefined {
  if (isChanged(template) === on) return undefined;
  return `MEMORY="${template.memoryMb + (on ? ADDED_MB : -ADDED_MB)}"`;
}

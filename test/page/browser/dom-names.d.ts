/** The names of the DOM that playwright's types mention: tests see the page from outside and use none of them. */
type Node = object;
type HTMLElement = object;
type SVGElement = object;
interface HTMLElementTagNameMap extends Record<never, never> {}

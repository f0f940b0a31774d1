/** Text between two tags. A carriage return is written as a reference, or a parser would make a newline of it. */
export function escapeXml(value: string): string {
  return value.replace(/[&<>\r]/g, (character) => {
    switch (character) {
      case "&":
        return "&amp;";
      case "<":
        return "&lt;";
      case ">":
        return "&gt;";
      default:
        return "&#x0d;";
    }
  });
}

export function element(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join("")}</${name}>`;
}

export function textElement(name: string, value: string | number): string {
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

export function cdataElement(name: string, value: string | number): string {
  return `<${name}><![CDATA[${value}]]></${name}>`;
}

export function emptyElement(name: string): string {
  return `<${name}/>`;
}

/** `<VMS><ID>1</ID><ID>2</ID></VMS>`, the form of every list of ids. */
export function idsElement(name: string, ids: Iterable<number>): string {
  return element(name, ...[...ids].map((id) => textElement("ID", id)));
}

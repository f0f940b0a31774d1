/** A file that the app sent, which is nowhere to be seen until it is shared; or one that a person gave the app. */
export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly announcedBytes: number;
  readonly createdAt: number;
  title: string;
  content: Buffer | undefined;
  completed: boolean;
  /** Messages that carry the file, by channel. */
  readonly shares: { readonly channel: string; readonly ts: string; readonly threadTs: string | undefined }[];
}

export interface Files {
  readonly announce: (name: string, bytes: number) => StoredFile;
  /** A file of a person's, there at once. */
  readonly give: (name: string, content: string) => StoredFile;
  readonly find: (id: string) => StoredFile | undefined;
}

export function createFiles(makeId: () => string): Files {
  const all = new Map<string, StoredFile>();
  const announce = (name: string, bytes: number): StoredFile => {
    const file: StoredFile = {
      id: makeId(),
      name,
      announcedBytes: bytes,
      createdAt: Math.floor(Date.now() / 1000),
      title: name,
      content: undefined,
      completed: false,
      shares: [],
    };
    all.set(file.id, file);
    return file;
  };
  return {
    announce,
    give: (name, content) => {
      const bytes = Buffer.from(content);
      return Object.assign(announce(name, bytes.length), { content: bytes, completed: true });
    },
    find: (id) => all.get(id),
  };
}

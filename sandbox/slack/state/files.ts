/** A file that the app sent. It is nowhere to be seen until it is shared. */
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
  readonly find: (id: string) => StoredFile | undefined;
}

export function createFiles(makeId: () => string): Files {
  const all = new Map<string, StoredFile>();
  return {
    announce: (name, bytes) => {
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
    },
    find: (id) => all.get(id),
  };
}

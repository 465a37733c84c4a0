/** Where a download goes: into a file as it arrives, or through the browser's downloads once it is whole. */
export interface SaveTarget {
  /** Writes the stream to its end. Throws what the stream throws, and where the signal ends it. */
  save(stream: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal): Promise<void>;
  /** Leaves no empty file behind: the browser makes it, or empties the one that was there, when it is chosen. */
  discard(): Promise<void>;
}

interface FileHandle {
  getFile(): Promise<Blob>;
  createWritable(): Promise<WritableStream<Uint8Array>>;
  /** Not in every browser. */
  remove?(): Promise<void>;
}

declare global {
  interface Window {
    /** Not in Firefox and Safari, and not over plain HTTP. */
    showSaveFilePicker?(options: { suggestedName: string }): Promise<FileHandle>;
  }
}

const keepAddressMs = 60_000;

/** Asks where to save, in a click; null where the person chose nothing. */
export async function chooseSaveTarget(name: string): Promise<SaveTarget | null> {
  if (window.showSaveFilePicker === undefined) return toDownloads(name);
  try {
    return toFile(await window.showSaveFilePicker({ suggestedName: name }));
  } catch (error) {
    // Where the browser forbids the question there are still its downloads.
    return (error as Error).name === 'AbortError' ? null : toDownloads(name);
  }
}

function toFile(handle: FileHandle): SaveTarget {
  return {
    save: async (stream, signal) => stream.pipeTo(await handle.createWritable(), { signal }),
    async discard() {
      try {
        const { size } = await handle.getFile();
        if (size === 0) await handle.remove?.();
      } catch {
        // The file is gone already, or the browser forbids it.
      }
    },
  };
}

function toDownloads(name: string): SaveTarget {
  return {
    async save(stream, signal) {
      // The browser keeps a large blob on disk.
      const address = URL.createObjectURL(await new Response(stream).blob());
      signal.throwIfAborted();
      const link = document.createElement('a');
      link.href = address;
      link.download = name;
      link.click();
      // Once the browser has begun to read it.
      setTimeout(() => URL.revokeObjectURL(address), keepAddressMs);
    },
    discard: async () => {},
  };
}

// Kernels by hash, in a bucket of the bus: whoever goes on with a zone needs the one that ran its history.
//
//   const modules = await KeptModules.open(bucket)
//   await modules.keep({ hash, label, wasm })
//   await modules.of("7e6a3cdb083f8056", own)      // [] when it is the host's own

import type { Bucket } from "../../bus/bucket.ts";
import { isCode } from "../../bus/zone-stream.ts";
import type { FoundModule } from "../../shared/journal-messages.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const NEWLINE = 10;

export class KeptModules {
  readonly #bucket: Bucket;

  static async open(bucket: Bucket): Promise<KeptModules> {
    return new KeptModules(bucket);
  }

  private constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Keeps the metered binary, unless it is there. */
  async keep({ hash, label, wasm }: FoundModule): Promise<void> {
    const head = encoder.encode(`${label}\n`);
    const bytes = new Uint8Array(head.length + wasm.length);
    bytes.set(head);
    bytes.set(wasm, head.length);
    try {
      await this.#bucket.create(hash, bytes);
    } catch (error) {
      // It is named by its content: whoever has put it there has put the same.
      if (!isCode(error, "revision")) throw error;
    }
  }

  /** The module, unless it is the host's own, or was never kept. */
  async of(hash: string, own: string): Promise<FoundModule[]> {
    if (hash === "" || hash === own) return [];
    const { value } = (await this.#bucket.get(hash)) ?? { value: null };
    if (value === null) return [];
    const end = value.indexOf(NEWLINE);
    return [{ hash, label: decoder.decode(value.slice(0, end)), wasm: value.slice(end + 1) }];
  }
}

// The tools of a journal, as the main program passes them to the commands (server/protocol/store-tools.ts). Each is loaded when
// it is needed.

import type { StoreTools } from "../protocol/store-tools.ts";

export const storeTools: StoreTools = {
  status: async (dataDir) => (await import("./store-status.ts")).storeStatus(dataDir),
  verify: async (dataDir, onProgress) => await (await import("./store-verify.ts")).verifyStore(dataDir, onProgress),
  compact: async (dataDir, limits, onProgress) =>
    await (await import("./store-compact.ts")).compactStore(dataDir, limits, onProgress),
  export: async (dataDir, wish) => (await import("./store-export.ts")).exportRecording(dataDir, wish),
};

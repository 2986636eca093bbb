// The messages between the main thread and the worker that validates an uploaded module on the server's own journal.

import type { Expectation } from "../protocol/expectations.ts";
import type { DeployPolicy } from "../protocol/deploy-policy.ts";
import type { ValidationReport } from "../protocol/deploy-validation.ts";

/** `abort`: stop at the next pause; what was found until then is answered, with `isWhole` false. */
export type ToModuleValidation =
  | {
      type: "begin";
      dataDir: string;
      /** As it was uploaded. */
      wasm: Uint8Array;
      label: string;
      expectations: readonly Expectation[];
      /** Of every zone's newest history. */
      lastMs: number;
      policy: DeployPolicy;
    }
  | { type: "abort" };

export type FromModuleValidation =
  | { type: "progress"; share: number; doing: string }
  | { type: "done"; report: ValidationReport; isWhole: boolean }
  | { type: "failed"; code: string; message: string };

// The interface of an endless file of lines: a rotated file (rotating-file.ts) or standard output (recorder/stdout-file.ts).

/** What another program did to the file. */
export type FileChange = "removed" | "replaced" | "shortened" | "written";

/** One writer; calls must not overlap. */
export interface AppendFile {
  /** Bytes in the current file. */
  readonly bytes: number;
  readonly rotations: number;
  readonly rotationFailures: number;
  /** How often another program renamed, removed, shortened or wrote to the file, and the last of these changes. */
  readonly changes: number;
  readonly lastChange: FileChange | null;
  open(): Promise<void>;
  /** Appends whole lines, or throws the system's error; then no part of them stays in the file. */
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

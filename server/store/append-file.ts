// A place for lines that are appended for ever: a rotated file (rotating-file.ts) or standard output (stdout-file.ts).

/** What somebody else did to the file. */
export type FileChange = "removed" | "replaced" | "shortened" | "written";

/** One writer; calls must not overlap. */
export interface AppendFile {
  /** Written to the current one. */
  readonly bytes: number;
  readonly rotations: number;
  readonly rotationFailures: number;
  /** How often somebody else renamed, removed, shortened or wrote to it, and what it was last. */
  readonly changes: number;
  readonly lastChange: FileChange | null;
  open(): Promise<void>;
  /** Takes whole lines, or throws what the system says; then nothing of them is left behind. */
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

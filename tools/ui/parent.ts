// Ensures that a child program never outlives its parent, however the parent ends. The parent holds one end of the child's
// stdin and never writes to it. When the parent is gone, also by kill -9, the system closes that end, and the child reads EOF.
//
//   Bun.spawn(["wowsim", "serve", "--with-parent"], { stdin: "pipe" })     // in the parent
//   await parentGone()                                                      // in the child

/** Resolves when stdin has ended. Keeps the process alive until then. */
export function parentGone(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["end", "close", "error"] as const) process.stdin.once(event, () => resolve());
    process.stdin.resume();
  });
}

// How a program that we start never outlives us, however we end: it holds our end of its stdin, on which we never write.
// When we are gone, also by kill -9, the system closes that end, and it reads the end of its input.
//
//   Bun.spawn(["wowsim", "serve", "--with-parent"], { stdin: "pipe" })     // we
//   await parentGone()                                                      // it

/** Resolves when stdin has ended. Keeps the process alive until then. */
export function parentGone(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["end", "close", "error"] as const) process.stdin.once(event, () => resolve());
    process.stdin.resume();
  });
}

// The token is missing or wrong: the same code for it on every port (control, feed, HTTP), so a script needs to know one, and
// the exit code does not depend on which port was asked first.

/** No token was shown, or one that is not the server's. */
export type TokenCode = "token_required" | "wrong_token";

export const isTokenCode = (code: unknown): code is TokenCode => code === "token_required" || code === "wrong_token";

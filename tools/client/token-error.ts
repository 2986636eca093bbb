// The error codes for a missing or wrong token: the same on every port (control, feed, HTTP), so the exit code does not depend
// on which port was asked first, and a script needs to know only one.

/** No token was sent, or a wrong one. */
export type TokenCode = "token_required" | "wrong_token";

export const isTokenCode = (code: unknown): code is TokenCode => code === "token_required" || code === "wrong_token";

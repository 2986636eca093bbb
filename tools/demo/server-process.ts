// The demo's server: the one that every tool starts for itself.
export * from "../client/server-process.ts";

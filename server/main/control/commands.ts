// The commands of the control channel: each has a name, a schema and a handler. This file turns a line of text into an
// answer; it knows nothing of sockets.
//
//   commands.register("status", z.object({ fault_id: z.string() }), ({ fault_id }) => ({ status: registry.status(fault_id) }))
//   await commands.answer('{"command":"status","fault_id":"slow-leak","id":7}', allow)
//   // { success: true, command: "status", fault_id: "slow-leak", ..., id: 7 }
//
// Every line gets an answer: when a handler throws, the answer is {"success":false,"error":...}.

import type { z } from "zod";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import { didYouMean } from "../../protocol/did-you-mean.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";

export type Answer = { success: boolean } & Record<string, unknown>;

/** Returns the fields that follow success and command; throws WowsimError to refuse the request. */
export type ControlHandler<Request> = (request: Request) => Record<string, unknown> | Promise<Record<string, unknown>>;

/**
 * Decides whether a parsed request may be handled; throws WowsimError when it may not. An object it returns is the
 * answer instead.
 */
export type Gate = (request: Record<string, unknown>) => Promise<Record<string, unknown> | null>;

interface Command {
  readonly schema: z.ZodObject;
  readonly handler: ControlHandler<never>;
}

/** Fields that every request may have; handlers do not get them. */
const ENVELOPE = new Set(["command", "id", "token"]);
const ID_LENGTH_MAX = 256;
const NAME_LENGTH_SHOWN = 64;

export class ControlCommands {
  readonly #commands = new Map<string, Command>();
  readonly #emitter: Emitter;

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
  }

  register<Shape extends z.ZodRawShape>(
    name: string,
    schema: z.ZodObject<Shape>,
    handler: ControlHandler<z.infer<z.ZodObject<Shape>>>,
  ): void {
    if (this.#commands.has(name)) throw new Error(`The control command ${name} is registered already.`);
    this.#commands.set(name, { schema, handler });
  }

  /** The answer to one line, and whether the line was not a valid request. */
  async answer(line: string, gate: Gate): Promise<{ answer: Answer; isMalformed: boolean }> {
    const request = parseObject(line);
    if (typeof request === "string")
      return { answer: { success: false, error: request, code: "bad_request" }, isMalformed: true };
    const { command: name, id } = request;
    const envelope: Record<string, unknown> = {};
    try {
      Object.assign(envelope, checkedId(id));
      const command = this.#find(name);
      const answer = (await gate(request)) ?? (await this.#handle(String(name), command, request));
      return { answer: { success: true, command: name, ...answer, ...envelope }, isMalformed: false };
    } catch (error) {
      return { answer: { success: false, ...this.#refusal(name, error), ...envelope }, isMalformed: false };
    }
  }

  #find(name: unknown): Command | null {
    const known = ["auth", ...this.#commands.keys()];
    const list = `Known commands: ${known.join(", ")}.`;
    if (typeof name !== "string")
      throw new WowsimError("bad_request", `A request is an object with a "command". ${list}`);
    const command = this.#commands.get(name);
    if (command !== undefined || name === "auth") return command ?? null;
    const shown = JSON.stringify(name.slice(0, NAME_LENGTH_SHOWN));
    throw new WowsimError("unknown_command", `There is no command ${shown}.${didYouMean(name, known)} ${list}`);
  }

  async #handle(name: string, command: Command | null, request: Record<string, unknown>): Promise<object> {
    if (command === null) return {};
    const parsed = command.schema.safeParse(request);
    const fields = Object.keys(command.schema.shape);
    if (!parsed.success) {
      const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "request"}: ${message}.`);
      const takes = fields.length === 0 ? "no fields" : fields.join(", ");
      throw new WowsimError("bad_request", `${name}: ${problems.slice(0, 5).join(" ")} It takes ${takes}.`);
    }
    const answer = await command.handler(parsed.data as never);
    const ignored = Object.keys(request).filter((key) => !ENVELOPE.has(key) && !fields.includes(key));
    // Unknown fields are listed, so that a misspelt optional field is noticed. They are not refused: that would break
    // scripts.
    return ignored.length === 0 ? answer : { ...answer, ignored: ignored.slice(0, 10) };
  }

  #refusal(command: unknown, error: unknown): { error: string; code: string } {
    if (error instanceof WowsimError) return { error: error.message, code: error.code };
    const reason = messageOf(error);
    this.#emitter.emit("error", "control", "Control command failed", {
      command: String(command).slice(0, NAME_LENGTH_SHOWN),
      error: reason,
    });
    return { error: `The server could not do it: ${reason}. Telemetry has the error line.`, code: "internal" };
  }
}

/** The object in the line, or a message that says what is wrong with the line. */
function parseObject(line: string): Record<string, unknown> | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    // The parser's message quotes the line, which may contain anything; this message does not.
    return 'The line is not JSON. Send one object a line, such as {"command":"list"}.';
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  return 'A request is a JSON object, such as {"command":"list"}.';
}

/** The id of the request, which the answer repeats. */
function checkedId(id: unknown): { id?: string | number } {
  if (id === undefined || id === null) return {};
  if (typeof id === "number" || (typeof id === "string" && id.length <= ID_LENGTH_MAX)) return { id };
  throw new WowsimError("bad_request", `"id" is a number or a text of up to ${ID_LENGTH_MAX} characters.`);
}

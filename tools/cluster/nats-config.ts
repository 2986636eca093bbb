// The configuration of a cluster's nats-server, and what each role may do on it. `wowsim cluster up` writes it; who runs a
// nats-server of their own gets it from `wowsim cluster nats-config`.
//
//   natsConfig({ folder: ".wowsim/nats", host: "127.0.0.1", port: 4222, users: usersOf(passwords) })
//
// A stopped reader must not hold up the others: hence the write deadline of a second instead of ten, and 64 MB that may wait.

import { randomBytes } from "node:crypto";
import { join } from "node:path";

export const ROLES = ["host", "gateway", "controller"] as const;
export type Role = (typeof ROLES)[number];
export type Passwords = Record<Role, string>;

export interface NatsUser {
  name: string;
  password: string;
  /** Subjects, with wildcards. Answers to requests are allowed besides. */
  publish: string[];
  subscribe: string[];
}

export interface Certificates {
  cert: string;
  key: string;
  /** Clients trust this one instead of the system's. */
  ca?: string | undefined;
}

export interface NatsOptions {
  /** Where it keeps its streams, its log and what it tells of itself. */
  folder: string;
  host: string;
  /** 0: any free one. */
  port: number;
  /** None: whoever reaches the port may do everything. */
  users?: readonly NatsUser[];
  certificates?: Certificates | undefined;
  /** How much the streams may take on the disk. */
  storeMegabytesMax?: number;
}

export const STORE_MEGABYTES_MAX = 16_384;
export const PAYLOAD_BYTES_MAX = 8 * 2 ** 20;
const PENDING_BYTES_MAX = 64 * 2 ** 20;
const MEMORY_MEGABYTES_MAX = 64;

/** As good as keys. */
const PASSWORD_BYTES = 18;

export function newPasswords(): Passwords {
  const [host, gateway, controller] = ROLES.map(() => randomBytes(PASSWORD_BYTES).toString("base64url"));
  return { host: host ?? "", gateway: gateway ?? "", controller: controller ?? "" };
}

/** Each role with the subjects that it needs, on a bus whose subjects begin with the prefix. */
export function usersOf(passwords: Passwords, prefix = "w"): NatsUser[] {
  const of = (...subjects: string[]): string[] => subjects.map((subject) => `${prefix}.${subject}`);
  const buckets = (...names: string[]): string[] => [
    ...names.flatMap((name) => bucketSubjects(`${prefix}_${name}`)),
    ...JETSTREAM,
  ];
  const inbox = "_INBOX.>";
  return [
    {
      name: "host",
      password: passwords.host,
      // Journals: any stream of a zone, and their consumers.
      publish: [...of("frm.>", "z.>", "host.>", "ctl.>"), "$JS.API.>", "$JS.ACK.>", "$JS.FC.>", "$KV.>"],
      subscribe: [...of("cmd.>", "ctl.>", "hostreq.>", "host.>", "gw.>", "z.>"), inbox],
    },
    {
      name: "gateway",
      password: passwords.gateway,
      publish: [...of("cmd.>", "ctl.>", "gw.>", "gwreq.>"), ...buckets("sessions", "tokens", "characters", "gateways")],
      subscribe: [...of("frm.>", "gw.>", "gwreq.>", "host.>"), inbox],
    },
    {
      name: "controller",
      password: passwords.controller,
      publish: [...of("ctl.>", "hostreq.>", "gwreq.>"), ...buckets("modules", "zones")],
      subscribe: [...of("frm.*.0", "host.>", "gw.>", "z.>"), inbox],
    },
  ];
}

const JETSTREAM = ["$JS.API.INFO", "$JS.ACK.>", "$JS.FC.>"];

/** What a key-value bucket takes, and nothing of other streams. */
function bucketSubjects(bucket: string): string[] {
  const stream = `KV_${bucket}`;
  const api = ["STREAM.*", "STREAM.MSG.*", "CONSUMER.*", "DIRECT.GET"];
  return [
    `$KV.${bucket}.>`,
    ...api.flatMap((verb) => [`$JS.API.${verb}.${stream}`]),
    ...["CONSUMER.*", "CONSUMER.DURABLE.*", "CONSUMER.MSG.*", "DIRECT.GET"].map(
      (verb) => `$JS.API.${verb}.${stream}.>`,
    ),
  ];
}

/** The text of a configuration file. It has passwords: only its owner should read it. */
export function natsConfig(options: NatsOptions): string {
  const { folder, host, port, users = [], certificates, storeMegabytesMax = STORE_MEGABYTES_MAX } = options;
  const lines = [
    "# Written by wowsim; docs/CLUSTER.md tells what each line is for.",
    `host: ${text(host)}`,
    `port: ${port === 0 ? -1 : port}`,
    `server_name: "wowsim"`,
    `pid_file: ${text(join(folder, "nats.pid"))}`,
    `ports_file_dir: ${text(folder)}`,
    `log_file: ${text(join(folder, LOG))}`,
    "logfile_size_limit: 16MB",
    `write_deadline: "1s"`,
    `max_payload: ${PAYLOAD_BYTES_MAX}`,
    `max_pending: ${PENDING_BYTES_MAX}`,
    "jetstream {",
    `  store_dir: ${text(join(folder, "store"))}`,
    `  max_mem: ${MEMORY_MEGABYTES_MAX}MB`,
    `  max_file: ${storeMegabytesMax}MB`,
    "}",
    ...(certificates === undefined ? [] : tlsLines(certificates)),
    ...(users.length === 0 ? [] : ["authorization {", "  users: [", ...users.flatMap(userLines), "  ]", "}"]),
  ];
  return `${lines.join("\n")}\n`;
}

export const LOG = "nats.log";

function tlsLines({ cert, key }: Certificates): string[] {
  return ["tls {", `  cert_file: ${text(cert)}`, `  key_file: ${text(key)}`, "  timeout: 5", "}"];
}

function userLines({ name, password, publish, subscribe }: NatsUser): string[] {
  return [
    `    { user: ${text(name)}, password: ${text(password)}, permissions: {`,
    `      publish: ${list(publish)}`,
    `      subscribe: ${list(subscribe)}`,
    '      allow_responses: { max: 1, ttl: "1m" }',
    "    } }",
  ];
}

const list = (subjects: readonly string[]): string => `[${subjects.map(text).join(", ")}]`;

/** A text in quotation marks. */
function text(value: string): string {
  return JSON.stringify(value);
}

// A real nats-server with the configuration that a cluster gives it: what each role may do, restarts, and that it never outlives
// whoever started it.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { Bus } from "../../../server/bus/bus.ts";
import { usersOf } from "../../../tools/cluster/nats-config.ts";
import type { Role } from "../../../tools/cluster/nats-config.ts";
import { natsInfo, problemsOf } from "../../../tools/cluster/nats-info.ts";
import { NatsProcess } from "../../../tools/cluster/nats-process.ts";
import { until } from "../../helpers/control-live.ts";
import { NATS, Nats } from "../../helpers/nats.ts";
import { fromRoot } from "../../helpers/own-process.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

const PASSWORDS = { host: "one", gateway: "two", controller: "three" };
const STREAM = { name: "W_Z1", subjects: ["w.z.1.*"] };

describe.skipIf(NATS === null)("a nats-server for a cluster", () => {
  test("has what a cluster needs", async () => {
    await using nats = await Nats.start();
    expect(problemsOf(await natsInfo(nats.url))).toEqual([]);
  });

  test("keeps its streams and its port when it is killed and started again", async () => {
    await using nats = await Nats.start();
    const { port } = nats;
    const before = await connect({ servers: nats.url });
    await (await jetstreamManager(before)).streams.add(STREAM);
    await jetstream(before).publish("w.z.1.j", new Uint8Array(10));
    await before.close();
    await nats.kill();
    await nats.restart();
    expect(nats.port).toBe(port);
    const after = await connect({ servers: nats.url });
    expect((await (await jetstreamManager(after)).streams.info("W_Z1")).state.messages).toBe(1);
    await after.close();
  });

  test("ends with the process that started it, also by kill -9", async () => {
    using folder = new TempFolder();
    const script = `
      import { NatsProcess } from ${fromRoot("tools/cluster/nats-process.ts")};
      import { findNatsServer } from ${fromRoot("tools/cluster/nats-server.ts")};
      const options = { folder: ${JSON.stringify(folder.path)}, host: "127.0.0.1", port: 0 };
      console.log((await NatsProcess.start(await findNatsServer(), options)).port);
      process.kill(process.pid, "SIGKILL");`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const port = Number(await child.stdout.text());
    expect(port).toBeGreaterThan(0);
    await until("the nats-server is gone", async () => {
      const answers = await natsInfo(`nats://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      );
      return !answers;
    });
  });

  test("says why it does not start", async () => {
    await using nats = await Nats.start();
    using folder = new TempFolder();
    const started = NatsProcess.start(NATS!, { folder: folder.path, host: "127.0.0.1", port: nats.port });
    expect(await started.catch((error: unknown) => error)).toMatchObject({
      code: "nats_server_failed",
      message: expect.stringContaining("Choose another port"),
    });
  });

  test.skipIf(Bun.which("openssl") === null)("is encrypted where it has a certificate", async () => {
    using folder = new TempFolder();
    const [cert, key] = ["cert.pem", "key.pem"].map((name) => join(folder.path, name)) as [string, string];
    const subject = ["-subj", "/CN=wowsim", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
    const made = Bun.spawnSync(
      ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject],
      { stderr: "pipe" },
    );
    expect(made.stderr.toString()).not.toContain("error");
    const options = { folder: folder.path, host: "127.0.0.1", port: 0, certificates: { cert, key, ca: cert } };
    await using nats = await NatsProcess.start(NATS!, options);
    const servers = `tls://127.0.0.1:${nats.port}`;
    expect((await natsInfo(servers)).tls_required).toBe(true);
    const refused = await Bus.connect({ servers, name: "stranger" }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "bus_unreachable" });
    const bus = await Bus.connect({ servers, name: "friend", ca: cert });
    const heard = Promise.withResolvers<string>();
    bus.subscribe("w.host.a", (_subject, bytes) => heard.resolve(new TextDecoder().decode(bytes)));
    bus.publish("w.host.a", new TextEncoder().encode("beat"));
    expect(await heard.promise).toBe("beat");
    await bus.close();
  });

  describe("with users", () => {
    test("nobody gets in without a password", async () => {
      await using nats = await Nats.start(usersOf(PASSWORDS));
      const refused = await connect({ servers: nats.url }).then(
        () => "let in",
        (error: Error) => error.message,
      );
      expect(refused).toMatch(/authorization/i);
    });

    test("a host writes journals, and a gateway can not", async () => {
      await using nats = await Nats.start(usersOf(PASSWORDS));
      await using host = await as("host", nats);
      await using gateway = await as("gateway", nats);
      await (await jetstreamManager(host.connection)).streams.add(STREAM);
      expect((await jetstream(host.connection).publish("w.z.1.j", new Uint8Array(10))).seq).toBe(1);
      const written = await jetstream(gateway.connection)
        .publish("w.z.1.j", new Uint8Array(10))
        .then(
          () => "written",
          (error: Error) => error.message,
        );
      expect(written).toMatch(/permission/i);
      const deleted = await jetstreamManager(gateway.connection, { checkAPI: false })
        .then((manager) => manager.streams.delete("W_Z1"))
        .then(
          () => "deleted",
          (error: Error) => error.message,
        );
      expect(deleted).toMatch(/permission/i);
    });

    test.each([
      ["host", "w_modules"],
      ["gateway", "w_sessions"],
      ["controller", "w_zones"],
    ] as const)("a %s uses the bucket %s", async (role, name) => {
      await using nats = await Nats.start(usersOf(PASSWORDS));
      await using user = await as(role, nats);
      const bucket = await new Kvm(user.connection).create(name);
      const revision = await bucket.create("7", "one");
      await bucket.update("7", "two", revision);
      expect((await bucket.get("7"))?.string()).toBe("two");
      const watched: string[] = [];
      for await (const entry of await bucket.watch()) {
        watched.push(entry.string());
        break;
      }
      expect(watched).toEqual(["two"]);
      for await (const key of await bucket.keys()) expect(key).toBe("7");
      await bucket.delete("7");
    });

    test("requests are answered across roles", async () => {
      await using nats = await Nats.start(usersOf(PASSWORDS));
      await using host = await as("host", nats);
      await using controller = await as("controller", nats);
      host.connection.subscribe("w.hostreq.a", { callback: (_error, request) => void request.respond("moved") });
      await host.connection.flush();
      expect((await controller.connection.request("w.hostreq.a", "move")).string()).toBe("moved");
    });
  });
});

async function as(role: Role, nats: Nats): Promise<AsyncDisposable & { connection: NatsConnection }> {
  const connection = await connect({ servers: nats.url, user: role, pass: PASSWORDS[role] });
  return { connection, [Symbol.asyncDispose]: () => connection.close() };
}

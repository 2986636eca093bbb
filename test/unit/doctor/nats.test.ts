// What the doctor says of the nats-server that a cluster runs on.

import { expect, test } from "bun:test";
import { checkBus, checkNatsServer } from "../../../tools/doctor/nats.ts";

test("a missing one is a warning, with how to get it", async () => {
  const check = await checkNatsServer({ NATS_SERVER: "/nowhere/nats-server" });
  expect(check).toMatchObject({ id: "nats-server", state: "warning", found: "not installed" });
  expect(check.mend).toContain("apt-get install nats-server");
});

test("a bus that does not answer is missing, because it was named", async () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  const check = await checkBus(`nats://127.0.0.1:${port}`);
  expect(check).toMatchObject({ id: "bus", state: "missing" });
  expect(check.mend).toContain("--bus");
});

test.each([
  [{ version: "2.9.10", max_payload: 8_388_608, jetstream: true }, "ok", undefined],
  [{ version: "2.9.10", max_payload: 1_048_576 }, "missing", "jetstream {"],
])("a bus that says %p is %p", async (info, state, mend) => {
  using bus = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => void socket.write(`INFO ${JSON.stringify(info)} \r\n`),
      data() {},
    },
  });
  const check = await checkBus(`nats://127.0.0.1:${bus.port}`);
  expect(check.state).toBe(state as "ok");
  expect(check.found).toContain("2.9.10");
  if (mend === undefined) expect(check.mend).toBeUndefined();
  else expect(check.mend).toContain(mend);
});

test("what is no nats-server is told", async () => {
  using bus = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: (socket) => void socket.write("220 mail ready\r\n"), data() {} },
  });
  expect((await checkBus(`127.0.0.1:${bus.port}`)).mend).toContain("it is no nats-server");
});

// The control command that describes the server: its other ports, and what it serves. A client that knows the control
// port needs no other setting.
//
//   > {"command":"server"}
//   < {"success":true,"command":"server","host":"127.0.0.1","ports":{"game":8080,"control":8081,"http":8082,"telemetry":9090},
//      "version":"0.1.0","pid":4711,"tick_rate_hz":20,"zones":[{"id":1,"name":"Elwynn Forest"},...],"data_dir":"/srv/.wowsim"}

import { z } from "zod";
import type { ControlServer } from "./server.ts";

export interface ServerFacts {
  /** The address the server listens on. */
  host: string;
  ports: { game: number; control: number; http: number; telemetry: number };
  version: string;
  tickRateHz: number;
  zones: readonly { id: number; name: string }[];
  dataDir: string;
}

/** Adds `server` to the control channel; `facts` is read at each request, because the ports are known last. */
export function registerServerCommand(control: Pick<ControlServer, "register">, facts: Readonly<ServerFacts>): void {
  control.register("server", z.object({}), () => {
    const { host, ports, version, tickRateHz, zones, dataDir } = facts;
    return { host, ports, version, pid: process.pid, tick_rate_hz: tickRateHz, zones, data_dir: dataDir };
  });
}

// The controller of a cluster: one view over all hosts, gateways and zones, and a control port for operators. It owns nothing: a
// cluster plays on without it.
//
//   const controller = await startController({ bus: "nats://127.0.0.1:4222", host: "127.0.0.1", controlPort: 0 })
//   controller.status()         // server/protocol/cluster.ts
//   > {"command":"cluster"}     // the same on the control port
//   > {"command":"cluster_move","zone_id":3,"host":"b"}
//   > {"command":"inspect_zone","zone_id":3}

import { z } from "zod";
import { Bus } from "./bus/bus.ts";
import { BusNames } from "./bus/subjects.ts";
import { gatewayBeatOf, hostBeatOf } from "./main/cluster/beats.ts";
import { ClusterView } from "./main/cluster/cluster-view.ts";
import { ZoneMoves } from "./main/cluster/zone-moves.ts";
import { ZoneRequests } from "./main/cluster/zone-requests.ts";
import { ControlServer } from "./main/control/server.ts";
import { registerZoneCommands, ZoneViews } from "./main/control/zone-views.ts";
import type { ControllerOptions, RunningController } from "./protocol/cluster.ts";
import { loadWorld } from "./protocol/content/load.ts";
import type { Emitter } from "./protocol/telemetry-line.ts";

const now = (): number => performance.now();
const MOVE = z.object({ zone_id: z.number().int(), host: z.string().min(1).max(64) });

/** Throws WowsimError (bus_unreachable, content_invalid, port_in_use, ...), with nothing left running. */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { bus: servers, user, password, ca, host, controlPort, token, worldFile } = options;
  const world = await loadWorld(worldFile);
  const names = new BusNames(options.prefix);
  const bus = await Bus.connect({ servers, name: "controller", user, password, ca });
  const control = new ControlServer({ emitter: warningEmitter(options), ...(token === undefined ? {} : { token }) });
  try {
    const view = new ClusterView({ zones: world.zones, now });
    bus.subscribe(names.hostBeat("*"), (_subject, bytes) => {
      const beat = hostBeatOf(bytes);
      if (beat !== null) view.hostBeat(beat);
    });
    bus.subscribe(names.gatewayBeat("*"), (_subject, bytes) => {
      const beat = gatewayBeatOf(bytes);
      if (beat !== null) view.gatewayBeat(beat);
    });
    control.register("cluster", z.object({}), () => ({ ...view.status() }));
    const moves = new ZoneMoves({ bus, names, view, now });
    control.register("cluster_move", MOVE, async ({ zone_id: zone, host: to }) => ({
      ...(await moves.move(zone, to)),
    }));
    const zones = new ZoneRequests(bus, names, world.zones);
    // Names of players are known to the gateways only.
    const players = { nameOf: () => null };
    registerZoneCommands(control, new ZoneViews({ zones, players, creatures: world.content.creatures, now }));
    return {
      control: control.listen(host, controlPort),
      status: () => view.status(),
      stop: async () => {
        await control.stop();
        await bus.close();
      },
    };
  } catch (error) {
    await control.stop();
    await bus.close();
    throw error;
  }
}

/** A controller keeps no telemetry: what went wrong is told to whoever started it. */
function warningEmitter({ onWarning }: ControllerOptions): Emitter {
  const emit: Emitter["emit"] = (type, _component, message, data) => {
    if (type === "error") onWarning?.(`${message}: ${JSON.stringify(data)}`);
  };
  return { emit, emitSampled: emit };
}

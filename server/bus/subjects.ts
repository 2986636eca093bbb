// The subjects of a cluster on its message bus, and the names of its streams and buckets. One bus can carry several clusters: each has
// a prefix.
//
//   const names = new BusNames("w")
//   names.commands(3)        // "w.cmd.3"
//   names.frames(3, 1)       // "w.frm.3.1"
//
// Core NATS carries what may be lost (frames, commands: both are numbered, and sent again); JetStream what may not.

/** Default prefix. */
export const PREFIX = "w";

export class BusNames {
  readonly prefix: string;

  constructor(prefix = PREFIX) {
    this.prefix = prefix;
  }

  /** Commands of gateways to whoever owns the zone: CommandBatch. */
  commands(zone: number): string {
    return `${this.prefix}.cmd.${zone}`;
  }

  /** What a zone tells a gateway: ZoneBatch. Gateway 0 is the controller, which gets no frames. */
  frames(zone: number | "*", gateway: number): string {
    return `${this.prefix}.frm.${zone}.${gateway}`;
  }

  /** Requests to the owner of a zone, with an answer. JSON. */
  control(zone: number): string {
    return `${this.prefix}.ctl.${zone}`;
  }

  /** Heartbeats of gateways: GatewayBeat. */
  gatewayBeat(gateway: number | "*"): string {
    return `${this.prefix}.gw.${gateway}`;
  }

  /** Requests to a gateway, with an answer: to hand over a session. JSON. */
  gatewayRequest(gateway: number): string {
    return `${this.prefix}.gwreq.${gateway}`;
  }

  /** Heartbeats of zone hosts: HostBeat. */
  hostBeat(host: string): string {
    return `${this.prefix}.host.${host}`;
  }

  /** Requests to a zone host, with an answer. JSON. */
  hostRequest(host: string): string {
    return `${this.prefix}.hostreq.${host}`;
  }

  /** The journal of a zone: a stream with two subjects. */
  stream(zone: number): string {
    return `${this.prefix.toUpperCase()}_Z${zone}`;
  }

  journal(zone: number | "*", kind: "j" | "snap" | "*"): string {
    return `${this.prefix}.z.${zone}.${kind}`;
  }

  /** What the server repeats of each message that a zone's stream has taken: its headers alone. */
  heard(zone: number | "*"): string {
    return `${this.prefix}.z.${zone}.heard.*`;
  }

  /** The zone of a subject of `journal` or `heard`; null when it is none. */
  zoneOf(subject: string): number | null {
    const [zone = ""] = subject.slice(this.prefix.length + 3).split(".");
    return /^\d+$/.test(zone) ? Number(zone) : null;
  }

  /** Key-value buckets: sessions, characters, modules, gateways. */
  bucket(what: "sessions" | "tokens" | "characters" | "modules" | "gateways" | "zones"): string {
    return `${this.prefix}_${what}`;
  }
}

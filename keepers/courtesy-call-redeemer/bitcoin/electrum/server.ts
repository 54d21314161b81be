/** Where an Electrum server is, as operators write it: `ssl://host:50002`, also tcp, tls, ws and wss. */
import { UsageError } from "../../../../protocol/errors.js";

export interface ElectrumServer {
  readonly transport: "tcp" | "tls" | "ws" | "wss";
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the certificate, for servers that no authority has signed; undefined: an authority must have. */
  readonly fingerprint: string | undefined;
  /** For logs, errors and metrics. */
  readonly name: string;
}

const TRANSPORTS = { tcp: "tcp", ssl: "tls", tls: "tls", ws: "ws", wss: "wss" } as const;
const FORM = /^(tcp|ssl|tls|ws|wss):\/\/(\[[0-9a-f:]+\]|[a-z0-9.-]+):(\d{1,5})(?:#sha256=([0-9a-f]{64}))?$/i;
const MAX_PORT = 65_535;

/** @throws UsageError BTC_SERVER_ADDRESS_INVALID */
export function parseElectrumServer(text: string): ElectrumServer {
  const [, scheme = "", hostText = "", portText = "", fingerprint] = FORM.exec(text) ?? [];
  // One server has one name: under two it would agree with itself.
  const host = hostText.toLowerCase();
  const transport = TRANSPORTS[scheme.toLowerCase() as keyof typeof TRANSPORTS] as
    ElectrumServer["transport"] | undefined;
  const port = Number(portText);
  const isPinnable = fingerprint === undefined || transport === "tls";
  if (transport === undefined || port < 1 || port > MAX_PORT || !isPinnable) {
    throw new UsageError(
      "BTC_SERVER_ADDRESS_INVALID",
      "not the address of an Electrum server",
      "write it like ssl://host:50002; after ssl addresses #sha256= and the certificate's fingerprint may follow",
    );
  }
  return {
    transport,
    host,
    port,
    fingerprint: fingerprint?.toLowerCase(),
    name: `${transport}://${host}:${String(port)}`,
  };
}

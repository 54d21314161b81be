/** Somewhere alerts go. */
import type { AlertMessage } from "./alert.js";

export interface AlertChannel {
  /** `webhook`, `slack`, `discord`, `telegram`, `mail`. */
  readonly name: string;
  /** Resolves when the other side has taken the message. @throws ChannelFailure */
  send(message: AlertMessage, signal: AbortSignal): Promise<void>;
}

/** Why a message was not taken. Carries no address, token or body. */
export class ChannelFailure extends Error {
  constructor(
    readonly reason: string,
    /** Trying again can help. */
    readonly transient: boolean,
  ) {
    super(reason);
  }
}

const TOO_MANY = 429;
const SERVER_ERROR = 500;

/** Posts a body; anything but a 2xx is a failure. Follows no redirect: a token must not travel elsewhere. @throws ChannelFailure */
export async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
      redirect: "manual",
      signal,
    });
    // What it says is not read: a giant answer costs nothing.
    await response.body?.cancel();
  } catch (error) {
    throw new ChannelFailure(error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable", true);
  }
  if (response.ok) return;
  const { status } = response;
  throw new ChannelFailure(`http-${String(status)}`, status === TOO_MANY || status >= SERVER_ERROR);
}

/** Requests to others, with a limit of time and size. */
export interface Limits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** An answer that is not 200. */
export class StatusError extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`status ${String(status)}: ${body.slice(0, 200)}`);
  }
}

/**
 * The body of an answer with status 200. Redirects are not followed: they would lead around the operator's choice of whom to ask.
 * @throws Error when the answer is late or too large; StatusError when it is not 200.
 */
export async function limitedText(
  url: string,
  request: { method: "GET" | "POST"; body?: string },
  { timeoutMs, maxBytes }: Limits,
): Promise<string> {
  const response = await fetch(url, {
    ...request,
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      accept: "application/json",
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
    },
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer exceeds ${String(maxBytes)} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (response.status !== 200) throw new StatusError(response.status, text);
  return text;
}

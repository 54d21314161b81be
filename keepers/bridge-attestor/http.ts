/** Requests to others, with a limit of time and size. */
export interface Limits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * The body of an answer with status 200. Redirects are not followed: they would lead around the operator's choice of peers.
 * @throws Error when the answer is late, too large or another status.
 */
export async function limitedGet(url: string, { timeoutMs, maxBytes }: Limits): Promise<string> {
  const response = await fetch(url, {
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: "application/json" },
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer exceeds ${String(maxBytes)} bytes`);
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`status ${String(response.status)}`);
  return Buffer.concat(chunks).toString("utf8");
}

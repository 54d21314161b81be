/** Until Ctrl-C, or for so many milliseconds. */
export function untilEnd(signal: AbortSignal, forMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = forMs === undefined ? undefined : setTimeout(finish, forMs);
    function finish(): void {
      clearTimeout(timer);
      resolve();
    }
    if (signal.aborted) finish();
    signal.addEventListener("abort", finish);
  });
}

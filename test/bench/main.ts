/** Runs the main function of a bench: exits 2 and tells the usage where an option is wrong, 1 where it fails. */
export async function runMain(main: () => Promise<void>, usage: string): Promise<void> {
  try {
    await main();
  } catch (error) {
    const isUsage =
      error instanceof TypeError && /^(--|Unknown option|Option|Unexpected)/.test(error.message);
    console.error(isUsage ? `${error.message}\n\n${usage}` : error);
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** Tells the bounds that were missed; the bench exits 1 then. */
export function concludeMissed(missed: readonly string[]): void {
  if (missed.length === 0) return;
  console.log(`\nMissed:\n${missed.map((bound) => `- ${bound}`).join('\n')}`);
  process.exitCode = 1;
}

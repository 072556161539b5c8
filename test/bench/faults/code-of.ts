/** What an application can tell errors apart by: the code, or everything of an error that has none of Keyslot's. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return `no error: ${typeof error}`;
  const { code } = error as Error & { code?: unknown };
  return typeof code === 'string' && code.startsWith('CLUSTER_') ? code : `${error.name}: ${error.message}`;
}

/** Those that have no code of Keyslot's. */
export function untyped(codes: readonly string[]): string[] {
  return codes.filter((code) => !/^CLUSTER_[A-Z_]+$/.test(code));
}

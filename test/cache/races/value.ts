import type { Versioned } from './world.ts';

/** A value of a round, as text that is found again in whatever bytes a codec makes of it. */
export function textOf({ version, began }: Versioned): string {
  return `<v${version} began ${began}>`;
}

/** The value that a text or bytes contain; none in a lease. */
export function versionedIn(text: string): Versioned | undefined {
  const [, version, began] = /<v(\d+) began (\d+)>/.exec(text) ?? [];
  return version === undefined ? undefined : { version: Number(version), began: Number(began) };
}

/** The round that a key's text, or a message with keys, is about. */
export function roundOf(text: string): number | undefined {
  const [, round] = /race:\{[0-9a-f-]+\.(\d+)\}/.exec(text) ?? [];
  return round === undefined ? undefined : Number(round);
}

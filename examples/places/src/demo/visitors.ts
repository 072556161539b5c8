/** Requests per second while a person tries things out. */
export const GENTLE_RATE = 20;

/** A place that the invitation plays with: Vienna. */
const EXAMPLE_ID = 2_761_369;

/** What a person can do while the demo stays up. */
export function invitation(instances: readonly string[]): string {
  const [first = '', second = first] = instances;
  return `
Everything stays up, with ${GENTLE_RATE} requests a second, until Ctrl-C. Change a place on one instance, read it on the other:

  curl ${first}/places/${EXAMPLE_ID}
  curl -X PATCH ${first}/places/${EXAMPLE_ID} -H 'content-type: application/json' -d '{"name":"Wien"}'
  curl ${second}/places/${EXAMPLE_ID}
  curl '${first}/places/search?q=zuri&limit=3'
  curl '${second}/places/near?lat=48.21&lon=16.37&limit=3'
  curl ${second}/stats
`;
}

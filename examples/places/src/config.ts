import { z } from 'zod';
import { defaultCacheDir } from './database/embedded.ts';

/** What the service is told from outside. */
export interface Config {
  /** Nodes of the cluster to start from; the others are found through them. */
  readonly redisNodes: readonly { readonly host: string; readonly port: number }[];

  /** A Postgres server. Without it, PGlite runs inside this process and keeps changes as long as that lives. */
  readonly databaseUrl: string | undefined;

  /** Where the embedded database's prepared data are kept. */
  readonly cacheDir: string;

  /** Port to listen on, always on 127.0.0.1. 0 takes a free one. */
  readonly port: number;
}

/** The token that {@link Config} is injected by. */
export const CONFIG = Symbol('CONFIG');

const node = z
  .string()
  .trim()
  .regex(/^[\w.-]+:\d{1,5}$/, { error: 'allowed: host:port, several of them separated by commas' })
  .transform((text) => {
    const [host = '', port = ''] = text.split(':');
    return { host, port: Number(port) };
  });

const environment = z.object({
  REDIS_NODES: z
    .string({ error: 'not set; allowed: host:port of some nodes of a Redis Cluster, separated by commas' })
    .transform((text) => text.split(','))
    .pipe(z.array(node)),
  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: 'allowed: a postgresql:// URL, or nothing for an embedded database',
    })
    .optional(),
  KEYSLOT_CACHE_DIR: z.string().min(1).default(defaultCacheDir),
  PORT: z.coerce.number({ error: 'allowed: 0 to 65535' }).int().min(0).max(65_535).default(3000),
});

/** Reads the environment. @throws when something in it cannot be used, naming the variable. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  // A variable that is set to nothing is as good as unset.
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = environment.safeParse(set);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
    throw new Error(`The environment cannot be used. ${problems.join('; ')}`);
  }
  const { REDIS_NODES, DATABASE_URL, KEYSLOT_CACHE_DIR, PORT } = read.data;
  return { redisNodes: REDIS_NODES, databaseUrl: DATABASE_URL, cacheDir: KEYSLOT_CACHE_DIR, port: PORT };
}

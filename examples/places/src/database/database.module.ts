import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config.ts';
import type { OpenDatabase } from './database.ts';
import { openDatabase } from './open-database.ts';

/** The token that {@link OpenDatabase} is injected by. */
export const DATABASE = Symbol('DATABASE');

@Global()
@Module({
  providers: [
    {
      provide: DATABASE,
      inject: [CONFIG],
      useFactory: ({ databaseUrl, cacheDir }: Config) => openDatabase({ url: databaseUrl, cacheDir }),
    },
  ],
  exports: [DATABASE],
})
export class DatabaseModule implements OnApplicationShutdown {
  readonly #database: OpenDatabase;

  constructor(@Inject(DATABASE) database: OpenDatabase) {
    this.#database = database;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#database.close();
  }
}

import { KeyslotModule } from '@keyslot/nestjs';
import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { CONFIG, type Config, readConfig } from './config.ts';
import { DatabaseModule } from './database/database.module.ts';
import { BodyProblemFilter } from './http/body-problem.filter.ts';
import { validationPipe } from './http/validation.pipe.ts';
import { PlacesModule } from './places/places.module.ts';
import { StatsModule } from './stats/stats.module.ts';

@Global()
@Module({
  providers: [{ provide: CONFIG, useFactory: () => readConfig(process.env) }],
  exports: [CONFIG],
})
class ConfigModule {}

@Module({
  imports: [
    ConfigModule,
    DatabaseModule,
    KeyslotModule.forRootAsync({
      inject: [CONFIG],
      useFactory: ({ redisNodes }: Config) => ({
        client: { nodes: redisNodes },
        cache: { namespace: 'places' },
      }),
    }),
    PlacesModule,
    StatsModule,
  ],
  providers: [
    { provide: APP_PIPE, useValue: validationPipe },
    { provide: APP_FILTER, useClass: BodyProblemFilter },
  ],
})
export class AppModule {}

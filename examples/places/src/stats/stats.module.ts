import type { ServerResponse } from 'node:http';
import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { StatsController } from './stats.controller.ts';
import { StatsService } from './stats.service.ts';

@Module({ controllers: [StatsController], providers: [StatsService] })
export class StatsModule implements NestModule {
  readonly #stats: StatsService;

  constructor(stats: StatsService) {
    this.#stats = stats;
  }

  configure(consumer: MiddlewareConsumer): void {
    const count = (_request: unknown, response: ServerResponse, next: () => void) => {
      response.once('finish', () => this.#stats.countRequest(response.statusCode));
      next();
    };
    consumer.apply(count).forRoutes('{*path}');
  }
}

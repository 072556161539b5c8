import { Controller, Get } from '@nestjs/common';
import type { Stats } from './stats.ts';
import { StatsService } from './stats.service.ts';

@Controller('stats')
export class StatsController {
  readonly #stats: StatsService;

  constructor(stats: StatsService) {
    this.#stats = stats;
  }

  @Get()
  read(): Stats {
    return this.#stats.read();
  }
}

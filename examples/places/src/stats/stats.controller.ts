import { Controller, Get } from '@nestjs/common';
import { StatsService } from './stats.service.ts';
import type { Stats } from './stats.ts';

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

import type { NestExpressApplication } from '@nestjs/platform-express';
import { BODY_LIMIT_BYTES } from './body-problem.filter.ts';

/** What the service needs from HTTP, beyond routes: only JSON is read, and not much of it. */
export function configureHttp(app: NestExpressApplication): void {
  app.useBodyParser('json', { limit: BODY_LIMIT_BYTES });
  app.disable('x-powered-by');
}

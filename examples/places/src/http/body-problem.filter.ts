import { type ArgumentsHost, BadRequestException, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

/** The largest body that is read. The only one that is expected, a place's changes, is far smaller. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/** Words for what the body parser refuses. Everything else is answered as Nest does, which never shows a stack. */
@Catch(HttpException)
export class BodyProblemFilter extends BaseExceptionFilter {
  override catch(exception: HttpException, host: ArgumentsHost): void {
    const problem = bodyProblem(exception.cause);
    super.catch(problem === undefined ? exception : new BadRequestException(problem), host);
  }
}

function bodyProblem(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('type' in cause)) return undefined;
  switch (cause.type) {
    case 'entity.parse.failed':
      return 'body: not JSON; allowed: a JSON object';
    case 'entity.too.large':
      return `body: too large; allowed: up to ${BODY_LIMIT_BYTES} bytes`;
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return 'body: cannot be read; allowed: JSON in UTF-8';
    default:
      return undefined;
  }
}

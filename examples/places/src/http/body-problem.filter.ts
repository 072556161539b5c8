import { type ArgumentsHost, BadRequestException, Catch } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

/** The largest body that is read. The only one that is expected, a place's changes, is far smaller. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/** Words for what the body parser refuses; everything else is answered as Nest does, which never shows a stack. */
@Catch()
export class BodyProblemFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    const problem = bodyProblem(exception);
    super.catch(problem === undefined ? exception : new BadRequestException(problem), host);
  }
}

function bodyProblem(exception: unknown): string | undefined {
  if (!(exception instanceof Error) || !('type' in exception)) return undefined;
  switch (exception.type) {
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

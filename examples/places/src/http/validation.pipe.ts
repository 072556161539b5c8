import { BadRequestException, StandardSchemaValidationPipe } from '@nestjs/common';

type Issues = Parameters<
  NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory'] & object
>[0];

/** Validates what carries a `schema` and answers 400 with one message per field: `limit: allowed: a whole number from 1 to 50`. */
export const validationPipe = new StandardSchemaValidationPipe({
  exceptionFactory: (issues: Issues) => new BadRequestException(issues.map(describe)),
});

function describe({ path = [], message }: Issues[number]): string {
  const field = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
  return field === '' ? message : `${field}: ${message}`;
}

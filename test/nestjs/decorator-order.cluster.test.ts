import { Cacheable } from '@keyslot/nestjs';
import { test } from '@keyslot/testkit/vitest';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Injectable,
  Param,
  ParseIntPipe,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { describe, expect } from 'vitest';
import { startApp } from './app.ts';
import { type Place, placeById, wien } from './places.ts';

const reflector = new Reflector();
const seen: unknown[] = [];

/** Notes what it finds in the metadata of the handler that Nest runs, and lets it pass unless it is closed. */
@Injectable()
class Doorkeeper implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push(reflector.get('role', context.getHandler()));
    return context.switchToHttp().getRequest<{ query: { closed?: string } }>().query.closed === undefined;
  }
}

let runs = 0;

@Controller()
class Places {
  @Get('above/:id')
  @UseGuards(Doorkeeper)
  @SetMetadata('role', 'reader')
  @Header('x-order', 'above')
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async above(@Param('id', ParseIntPipe) _id: number): Promise<Place | null> {
    runs += 1;
    return wien;
  }

  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  @Header('x-order', 'below')
  @SetMetadata('role', 'reader')
  @UseGuards(Doorkeeper)
  @Get('below/:id')
  async below(@Param('id', ParseIntPipe) _id: number): Promise<Place | null> {
    runs += 1;
    return wien;
  }

  @Get('between/:id')
  @SetMetadata('role', 'reader')
  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  @Header('x-order', 'between')
  @UseGuards(Doorkeeper)
  async between(@Param('id', ParseIntPipe) _id: number): Promise<Place | null> {
    runs += 1;
    return wien;
  }
}

describe.each(['above', 'below', 'between'])('route, guard, header and metadata %s @Cacheable', (order) => {
  test('all work, on a run and on an answer from the cache', async ({ cluster }) => {
    runs = 0;
    seen.length = 0;
    await using app = await startApp(cluster, { controllers: [Places] });

    expect([await app.request(`/${order}/1`), await app.request(`/${order}/1`)]).toEqual([
      [200, wien],
      [200, wien],
    ]);
    expect(runs).toBe(1);
    expect(seen).toEqual(['reader', 'reader']);
    expect((await app.request(`/${order}/1?closed`))[0]).toBe(403);
    expect((await app.request(`/${order}/x`))[0]).toBe(400);
    expect((await fetch(`${await app.nest.getUrl()}/${order}/1`)).headers.get('x-order')).toBe(order);
  });
});

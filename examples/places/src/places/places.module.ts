import { Module } from '@nestjs/common';
import { PlacesController } from './places.controller.ts';
import { PlacesRepository } from './places.repository.ts';
import { PlacesService } from './places.service.ts';

@Module({ controllers: [PlacesController], providers: [PlacesService, PlacesRepository] })
export class PlacesModule {}

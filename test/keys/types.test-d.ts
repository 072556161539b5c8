import { type AnyKey, type Key, type KeyTemplate, key, type ParamsOf, rawKey } from '@keyslot/keys';
import { expectTypeOf } from 'vitest';

/*
 * What the compiler promises about keys. Nothing here runs: `tsc -p test/tsconfig.json --noEmit` is the test, and
 * an error that stops happening fails it like one that begins.
 */

interface Place {
  readonly name: string;
}

type ParamValue = string | number | bigint | boolean;

const placeById = key('places:{place:<id>}:detail').holds<Place>();
const orders = key('shop:<shop>:{user:<user>}:orders:<page>:<shop>').holds<number[]>();
const all = key('places:all').holds<Place[]>();

// A template knows its parameters, each once, and what its keys hold.
expectTypeOf(placeById).parameters.toEqualTypeOf<[params: { readonly id: ParamValue }]>();
expectTypeOf<ParamsOf<'shop:<shop>:{user:<user>}:orders:<page>:<shop>'>>().toEqualTypeOf<{
  readonly shop: ParamValue;
  readonly user: ParamValue;
  readonly page: ParamValue;
}>();
expectTypeOf(all).parameters.toEqualTypeOf<[]>();
expectTypeOf(placeById({ id: 42 })).toEqualTypeOf<Key<Place>>();
expectTypeOf(key('a:<b>')({ b: 1 })).toEqualTypeOf<Key<unknown>>();
expectTypeOf(rawKey<Place>('legacy:{42}')).toEqualTypeOf<Key<Place>>();
expectTypeOf(placeById.parse('x')).toEqualTypeOf<{ readonly id: string } | undefined>();
expectTypeOf(placeById.template).toEqualTypeOf<'places:{place:<id>}:detail'>();

for (const value of ['a', 1, 1n, true]) placeById({ id: value });
orders.matching({});
orders.matching({ user: 1 });
all();

// @ts-expect-error a parameter is missing
placeById({});
// @ts-expect-error all parameters are missing
placeById();
// @ts-expect-error one of three is missing
orders({ shop: 1, user: 1 });
// @ts-expect-error a parameter is unknown
placeById({ id: 1, di: 2 });
// @ts-expect-error a parameter is misspelt
placeById({ iD: 1 });
// @ts-expect-error null is no value
placeById({ id: null });
// @ts-expect-error undefined is no value
placeById({ id: undefined });
// @ts-expect-error an object is no value
placeById({ id: new Date() });
// @ts-expect-error a template without parameters takes none
all({ id: 1 });
// @ts-expect-error a pattern's parameter is unknown
orders.matching({ usr: 1 });
// @ts-expect-error a pattern's parameter is left out rather than undefined
orders.matching({ user: undefined });
// @ts-expect-error a pattern takes an object, so that matching everything is written down
orders.matching();
// @ts-expect-error a text is no key
expectTypeOf<Key<Place>>('places:1');

// A key is read and written as what it holds, so neither a wider nor a narrower type will do.
interface Animal {
  readonly legs: number;
}
interface Cat extends Animal {
  readonly purrs: boolean;
}
declare const cat: Key<Cat>;
declare const animal: Key<Animal>;
declare const anyKey: AnyKey;
declare function wants<Value>(wanted: Key<Value>): void;

wants<Cat>(cat);
// @ts-expect-error a dog could be stored under it
wants<Animal>(cat);
// @ts-expect-error a dog could be read from it
wants<Cat>(animal);
// @ts-expect-error unknown may be anything; what takes any key asks for AnyKey
wants<unknown>(cat);
// @ts-expect-error a key that forgot what it holds does not get it back
wants<Cat>(anyKey);
// @ts-expect-error null is part of the type
wants<Cat | null>(cat);
// @ts-expect-error nothing but key and rawKey makes keys
wants<Cat>({ text: 'a', template: 'a', hashTag: undefined, slot: 1 });
expectTypeOf(cat).toExtend<AnyKey>();

// Code that is written for any template keeps the value's type.
declare function valueOf<Template extends string, Value>(template: KeyTemplate<Template, Value>): Value;
expectTypeOf(valueOf(placeById)).toEqualTypeOf<Place>();
expectTypeOf(valueOf(orders)).toEqualTypeOf<number[]>();

// A template that is put together at run time is checked at run time.
declare const computed: string;
const dynamic = key(computed);
dynamic({ whatever: 1 });
dynamic();
// @ts-expect-error also then null is no value
dynamic({ whatever: null });

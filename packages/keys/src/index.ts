export {
  type KeysError,
  ParameterError,
  type ParameterErrorCode,
  RawKeyError,
  TemplateError,
  type TemplateErrorCode,
} from './errors.ts';
export type { AnyKey, Key } from './key.ts';
export type { KeyPattern } from './key-pattern.ts';
export { type KeyTemplate, key } from './key-template.ts';
export type { ParamName, ParamsOf, ParamValue, ParsedParams } from './params.ts';
export { type RawKeyOptions, rawKey } from './raw-key.ts';
export { hashTagOf, SLOT_COUNT, slotOf } from './slot.ts';

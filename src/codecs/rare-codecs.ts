/** What is loaded with the first type that few programs have: see `rareCodecs`. */
// biome-ignore lint/performance/noBarrelFile: it is what one import() brings
export { compositeForms } from './containers/composite.ts';
export { formerForms } from './containers/former-composite.ts';
export { multirangeForms } from './containers/multirange.ts';
export { rangeForms } from './containers/range.ts';
export { rareRule } from './containers/rare-elements.ts';
export { recordForms } from './containers/record.ts';
export { vectorForms } from './containers/vector.ts';
export { declaredCodecs } from './declared-codecs.ts';
export { scalarForms } from './rare-forms.ts';
export { replacementFor } from './replacement.ts';
export { sqlStandardInterval } from './types/interval.ts';

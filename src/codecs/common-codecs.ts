import { commonForms } from './common-forms.ts';
import { arrayForms } from './containers/array.ts';
import { arrayTraits } from './containers/array-elements.ts';

/** What is loaded with the first type that many programs have, but not the smallest: see `commonCodecs`. */
export const common = { commonForms, arrayForms, arrayTraits } as const;

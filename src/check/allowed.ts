/** A comment that lets pass what is not checked. */
export const ALLOWED = /check: allow [\w, -]*\bnot-checked\b/;

/** How many texts of arrays were printed so far that have a NULL in them. */
export const printed: { nulls: number } = { nulls: 0 };

declare const brand: unique symbol;

/** A string (or number) that the compiler tells apart from every other: `type JobId = Brand<string, 'JobId'>`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

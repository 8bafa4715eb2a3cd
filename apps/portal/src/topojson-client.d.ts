declare module 'topojson-client' {
  interface Feature {
    readonly type: 'Feature';
    readonly id: string;
    readonly properties: { readonly name: string };
    readonly geometry: unknown;
  }
  export const feature: (
    topology: unknown,
    object: unknown,
  ) => { type: 'FeatureCollection'; features: Feature[] };
}

export interface Bug {
  readonly id: string;
  readonly driver: string;
  readonly kind: 'memory' | 'semantic';
  readonly shows:
    'crash' | 'hang' | 'growth' | 'accepts' | 'cuts' | 'applied' | 'sticks' | 'leaks' | 'resave';
  readonly field: string;
  readonly what: string;
  readonly seed: string;
  readonly edits?: readonly (readonly [at: number, drop: number, put: string])[];
  readonly cut?: number;
  readonly good?: string;
  readonly script?: readonly string[];
}

export const drivers: readonly string[];
export const bugs: readonly Bug[];
export const walls: readonly { readonly front: string; readonly behind: string }[];
export const switches: readonly string[];

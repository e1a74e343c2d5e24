/**
 * What a person writes of a state: fields by name, records as lists. What a draft leaves out is
 * derived (lengths, counts, magics, versions, checksums, zeros); what it states is written as
 * stated, right or wrong.
 *
 * ```ts
 * build(mlx5.layout, [{ tag: 'FW_DATA', data: bytes }]);               // sound
 * build(mlx5.layout, [{ record_size: 5n, tag: 'FW_DATA', data: bytes }]); // lies about its length
 * ```
 *
 * A `Uint8Array` may stand in for any field and is written as it is, whatever its length.
 */
export type Draft =
  bigint | number | string | Uint8Array | readonly Draft[] | { readonly [field: string]: Draft };

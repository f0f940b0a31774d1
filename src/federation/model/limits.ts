/** Bounds of what one federation, site or VM may come to. */

/** Characters of what a federation is for. */
export const MAX_PURPOSE = 400;

/** Characters of a certificate request. */
export const MAX_REQUEST = 16_384;

/** Days that a federation may be asked for. */
export const MAX_TERM_DAYS = 731;

/** SuperNodes of a training site. */
export const SUPERNODES = { min: 1, max: 10, default: 2 } as const;

/**
 * SuperNodes of a federation. A SuperLink is told every key in one attribute of at most 64 kB, which holds 236; room is
 * left for keys that are replaced.
 */
export const MAX_SUPERNODES = 200;

/** Times a VM may publish another request or key. One that comes back with a new disk does so once. */
export const MAX_IDENTITY_CHANGES = 8;

/** Keys of one VM that are looked at in one attempt. */
export const MAX_KEYS_PER_VM = 4;

/** Certificates that one VM gets in half of a certificate's life. */
export const MAX_CERTIFICATES = 4;

import type { Problem } from './zip-names.js';

export const ICON_LIMITS = { bytes: 256 * 1024, pixels: 1024 } as const;

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

/**
 * Icons are shown to everybody, so only still PNG images of a modest size pass: SVG can carry scripts and
 * entities, and a few bytes can claim more pixels than a browser has memory for.
 */
export const iconProblem = (bytes: Buffer): Problem | undefined => {
  if (!bytes.subarray(0, 8).equals(PNG) || bytes.length < 33 || bytes.toString('latin1', 12, 16) !== 'IHDR')
    return ['is not a PNG image', 'a PNG image'];
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  if (width < 1 || height < 1 || width > ICON_LIMITS.pixels || height > ICON_LIMITS.pixels)
    return [
      `has ${width} x ${height} pixels`,
      `at most ${ICON_LIMITS.pixels} x ${ICON_LIMITS.pixels} pixels`,
    ];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at))
    if (bytes.toString('latin1', at + 4, at + 8) === 'acTL') return ['is animated', 'one still image'];
  return undefined;
};

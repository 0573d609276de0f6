export { type Counts, type Direction, type DirectionOptions, Link, type LinkClock, type LinkOptions } from './link.ts';
export { type LinkPipe, type LinkPipeOptions, linkPipes } from './link-pipes.ts';
export { seeded, seededBytes } from './seeded.ts';
export { settled, type VirtualPlatform, VirtualTime } from './virtual-time.ts';

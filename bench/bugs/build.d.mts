/** The path of a driver's program in one flavour. */
export const build: (driver: string, flavour: string) => string;

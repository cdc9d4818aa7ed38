/** How a person types a command of ours: in a clone by npm's script, in a program that imports the library by its own `fleet`. */
const IN_A_CLONE = import.meta.url.endsWith(".ts");

/** @param words after `fleet` */
export const fleetCommand = (words: string): string => `${IN_A_CLONE ? "npm run fleet --" : "npx fleet"} ${words}`;

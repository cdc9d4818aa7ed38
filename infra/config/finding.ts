/** What is wrong between keys of the configuration. Pure. */

export interface Finding {
  path: string[];
  message: string;
}

/** @param key path of the key, its parts joined by dots */
export function at(key: string, message: string): Finding {
  return { path: key.split("."), message };
}

export function when(wrong: boolean, key: string, message: string): Finding[] {
  return wrong ? [at(key, message)] : [];
}
